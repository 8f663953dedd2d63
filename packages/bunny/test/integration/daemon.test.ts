import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '@warren/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { DuckDbSource } from '../../src/sources/duckdb-source.ts'
import { COLLECTION, HeldSource, runBunny } from '../support/running-bunny.ts'
import { ScriptedTaskApi } from '../support/scripted-task-api.ts'
import { duckDbHospital } from '../support/small-hospital.ts'
import { availability, distribution, person, rule } from '../support/tasks.ts'

let source: DuckDbSource
beforeAll(async () => {
  ;({ source } = await duckDbHospital())
})
afterAll(() => source[Symbol.asyncDispose]())

const men = (uuid: string) => availability([person('8507')], { uuid, collection: COLLECTION })
const generic = (uuid: string) => distribution('GENERIC', { uuid, collection: COLLECTION })

describe('a task from poll to result', () => {
  it('is answered with the headers, path and body that receivers expect', async () => {
    await using api = await ScriptedTaskApi.start()
    api.queue(men('task-1'))
    await using bunny = await runBunny(api, source)
    await until(() => api.posts.length === 1)

    const [poll] = api.polls
    const [post] = api.posts
    expect(poll?.path).toBe(`/link_connector_api/task/nextjob/${COLLECTION}`)
    expect(poll?.headers).toMatchObject({
      authorization: `Basic ${btoa('site-a:hunter2')}`,
      prefer: 'wait=1',
      'user-agent': expect.stringMatching(/^warren-bunny\/\d+\.\d+\.\d+/),
      'x-request-id': expect.stringMatching(/^[0-9a-f]{16}$/),
      'x-worker-id': expect.stringMatching(/./),
    })
    expect(post?.path).toBe(`/link_connector_api/task/result/task-1/${COLLECTION}`)
    expect(post?.body).toBe(
      `{"uuid":"task-1","status":"ok","collection_id":"${COLLECTION}","message":"","protocolVersion":"v2","queryResult":{"count":30,"datasetCount":0,"files":[]}}`,
    )
    await until(() => bunny.events.includes('result submitted'))
    expect(bunny.events).toEqual([
      'bunny starting',
      'task api without https',
      'database connecting',
      ...bunny.events.filter((event) => event === 'cdm problem'),
      'bunny started',
      'task received',
      'task solved',
      'result submitted',
    ])
    const solved = bunny.lines.find(({ msg }) => msg === 'task solved')
    expect(solved).toMatchObject({ taskId: 'task-1', status: 'ok', count: 30 })
    const received = bunny.lines.find(({ msg }) => msg === 'task received')
    expect(received).toMatchObject({
      taskId: 'task-1',
      kind: 'availability',
      requestId: poll?.headers['x-request-id'],
    })
    const posted = bunny.lines.find(({ msg }) => msg === 'result submitted')
    expect(posted).toMatchObject({ requestId: post?.headers['x-request-id'], status: 200 })
  })

  it('logs neither the password nor the collection ID', async () => {
    await using api = await ScriptedTaskApi.start()
    api.queue(men('task-1'))
    api.pollReplies.push({ status: 401 })
    await using bunny = await runBunny(api, source)
    await until(() => bunny.events.includes('result submitted'))
    await until(() => bunny.lines.some(({ msg }) => msg === 'poll failed'))
    const log = JSON.stringify(bunny.lines)
    expect(log).not.toContain(COLLECTION)
    expect(log).not.toContain('hunter2')
    expect(log).toContain('[REDACTED]')
  })

  it('polls for the configured task type', async () => {
    await using api = await ScriptedTaskApi.start()
    await using bunny = await runBunny(api, source, { TASK_API_TYPE: 'b' })
    await until(() => api.polls.length > 0)
    expect(api.polls[0]?.path).toBe(`/link_connector_api/task/nextjob/${COLLECTION}.b`)
    expect(bunny.errors).toEqual([])
  })

  it('is not answered if it is for another collection, and this is logged as an error', async () => {
    await using api = await ScriptedTaskApi.start()
    api.queue(
      availability([person('8507')], { uuid: 't', collection: 'another' }),
      { uuid: 'malformed', collection: 'another', cohort: [] },
      men('after'),
    )
    await using bunny = await runBunny(api, source)
    await until(() => api.posts.length > 0)
    expect(api.results.map(({ uuid }) => uuid)).toEqual(['after'])
    const refused = bunny.lines.filter(({ msg }) => msg === 'task for another collection')
    expect(refused).toMatchObject([
      { level: 50, taskId: 't', advice: expect.stringContaining('operator') },
      { level: 50, taskId: 'malformed' },
    ])
  })
})

describe('tasks that cannot be answered', () => {
  it.each([
    [
      'a rule without a concept',
      availability([person('')], { uuid: 't', collection: COLLECTION }),
      /cohort\.groups\[0\]/,
    ],
    [
      'ICD-MAIN',
      distribution('ICD-MAIN', { uuid: 't', collection: COLLECTION }),
      /^ICD-MAIN queries are not yet/,
    ],
    ['an invalid cohort', { uuid: 't', collection: COLLECTION, cohort: [] }, /cohort/],
    [
      'an unknown analysis',
      { ...distribution('X', { uuid: 't', collection: COLLECTION }), analysis: 'PHEWAS' },
      /PHEWAS/,
    ],
  ])('are answered with the reason: %s', async (_what, task, reason) => {
    await using api = await ScriptedTaskApi.start()
    api.queue(task)
    await using bunny = await runBunny(api, source)
    await until(() => api.posts.length === 1)
    expect(api.results[0]).toMatchObject({
      uuid: 't',
      status: 'error',
      message: expect.stringMatching(reason),
      queryResult: { count: 0, files: [] },
    })
    expect(bunny.events).toContain('task not answerable')
  })

  it('do not stop polling if they have no uuid', async () => {
    await using api = await ScriptedTaskApi.start()
    api.pollReplies.push(
      { status: 200, body: [] },
      { status: 200, body: { hello: 'world' } },
      { status: 200, body: '<html>please log in</html>' },
      { status: 200, body: '' },
      { status: 202, body: 'null' },
    )
    api.queue(men('after'))
    await using bunny = await runBunny(api, source)
    await until(() => api.posts.length === 1)
    expect(api.results[0]?.uuid).toBe('after')
    expect(bunny.lines.filter(({ msg }) => msg === 'poll failed')).toHaveLength(2)
    expect(bunny.lines.filter(({ msg }) => msg === 'task not answerable')).toHaveLength(3)
  })

  it('are cancelled in the database at their deadline', async () => {
    await using api = await ScriptedTaskApi.start()
    api.queue(men('slow'))
    const held = new HeldSource(source, /count/)
    await using bunny = await runBunny(api, held, { BUNNY_AVAILABILITY_TIMEOUT: '1s' })
    await until(() => api.posts.length === 1)
    expect(held.cancelled).toBe(1)
    expect(api.results[0]).toMatchObject({
      status: 'error',
      message: 'Not answered within 1 s.',
    })
    expect(bunny.errors).toEqual([])
  })
})

describe('a relay that misbehaves', () => {
  it('is polled again after each kind of failure', async () => {
    await using api = await ScriptedTaskApi.start()
    api.pollReplies.push({ status: 401 }, { status: 500, body: 'oops' }, 'reset', {
      status: 429,
      headers: { 'retry-after': '1' },
    })
    api.queue(men('task-1'))
    await using bunny = await runBunny(api, source)
    await until(() => api.posts.length === 1)
    const failures = bunny.lines.filter(({ msg }) => msg === 'poll failed')
    expect(failures.map(({ code }) => code)).toEqual([
      'HTTP_401',
      'HTTP_500',
      'ECONNRESET',
      'HTTP_429',
    ])
    expect(failures[0]).toMatchObject({ kind: 'authentication', advice: expect.anything() })
    const [, , , refused, next] = api.polls
    expect((next?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(990)
  })

  it('that never responds causes one request timeout', async () => {
    await using api = await ScriptedTaskApi.start()
    api.pollReplies.push('hang')
    api.queue(men('task-1'))
    await using bunny = await runBunny(api, source, {
      TASK_API_TIMEOUT: '1s',
      POLL_WAIT_SECONDS: '0',
    })
    await until(() => api.posts.length === 1, { timeoutMs: 25_000 })
    expect(bunny.lines.find(({ msg }) => msg === 'poll failed')).toMatchObject({
      code: 'READ_TIMEOUT',
    })
  })

  it('gets its results after retries', async () => {
    await using api = await ScriptedTaskApi.start()
    api.postReplies.push({ status: 500 }, 'reset', { status: 401 }, { status: 503 })
    api.queue(men('task-1'))
    await using bunny = await runBunny(api, source)
    await until(() => bunny.events.includes('result submitted'))
    expect(api.posts).toHaveLength(5)
    expect(bunny.lines.filter(({ msg }) => msg === 'result submission failed')).toHaveLength(4)
  })

  it('gets an error in place of a result that is too large', async () => {
    await using api = await ScriptedTaskApi.start()
    api.postReplies.push({ status: 413 })
    api.queue(men('task-1'))
    await using bunny = await runBunny(api, source)
    await until(() => bunny.events.includes('result submitted'))
    expect(api.results).toMatchObject([
      { uuid: 'task-1', status: 'ok' },
      { uuid: 'task-1', status: 'error', queryResult: { count: 0, files: [] } },
    ])
  })

  it.each([404, 409])('can reject a result with %i', async (status) => {
    await using api = await ScriptedTaskApi.start()
    api.postReplies.push({ status, body: { status: 'CONFLICT' } })
    api.queue(men('task-1'), men('task-2'))
    await using bunny = await runBunny(api, source)
    await until(() => bunny.events.includes('result rejected'))
    expect(bunny.lines).toContainEqual(
      expect.objectContaining({ msg: 'result rejected', level: 50, status }),
    )
    await until(() => bunny.events.includes('result submitted'))
    expect(bunny.events.filter((event) => event === 'result submitted')).toHaveLength(1)
  })
})

describe('polling', () => {
  it('continues without a pause while there are tasks', async () => {
    await using api = await ScriptedTaskApi.start()
    api.queue(...Array.from({ length: 12 }, (_, index) => men(`task-${String(index)}`)))
    await using bunny = await runBunny(api, source, { POLLING_INTERVAL: '60s' })
    await until(() => api.posts.length === 12)
    expect(new Set(api.results.map(({ uuid }) => uuid)).size).toBe(12)
    expect(bunny.errors).toEqual([])
  })

  it('receives a task without delay from a relay that holds polls', async () => {
    await using api = await ScriptedTaskApi.start()
    api.holdMs = 20_000
    await using bunny = await runBunny(api, source, {
      POLLING_INTERVAL: '60s',
      POLL_WAIT_SECONDS: '25',
    })
    await until(() => api.polls.length === 1)
    await new Promise((resolve) => setTimeout(resolve, 300))
    const queuedAt = Date.now()
    api.queue(men('task-1'))
    await until(() => api.posts.length === 1)
    expect((api.posts[0]?.at ?? 0) - queuedAt).toBeLessThan(15_000)
    expect(bunny.errors).toEqual([])
  })

  it('waits for the interval if the relay does not hold polls', async () => {
    await using api = await ScriptedTaskApi.start()
    await using bunny = await runBunny(api, source, { POLL_WAIT_SECONDS: '25' })
    await until(() => api.polls.length === 3)
    const [first, second, third] = api.polls.map(({ at }) => at)
    expect(second! - first!).toBeGreaterThan(900)
    expect(third! - second!).toBeGreaterThan(900)
    expect(bunny.errors).toEqual([])
  })

  it('continues to answer availability tasks while a distribution runs', async () => {
    await using api = await ScriptedTaskApi.start()
    const held = new HeldSource(source, /condition_concept_id AS/)
    api.queue(generic('long'), generic('longer'), men('quick-1'), men('quick-2'))
    await using bunny = await runBunny(api, held)
    await until(() => api.posts.length === 2)
    expect(api.results.map(({ uuid }) => uuid).toSorted()).toEqual(['quick-1', 'quick-2'])
    held.release()
    await until(() => api.posts.length === 4)
    expect(api.results.slice(2).map(({ uuid }) => uuid)).toEqual(['long', 'longer'])
    expect(bunny.errors).toEqual([])
  })

  it('answers availability tasks however many distributions are waiting', async () => {
    await using api = await ScriptedTaskApi.start()
    api.distributions.push(
      ...Array.from({ length: 40 }, (_, index) => generic(`d${String(index)}`)),
    )
    const held = new HeldSource(source, /condition_concept_id AS/)
    await using bunny = await runBunny(api, held, { SOLVE_BACKLOG: '2' })
    await until(() => api.distributions.length === 37)
    api.availability.push(men('quick-1'))
    await until(() => api.posts.length === 1)
    api.availability.push(men('quick-2'))
    await until(() => api.posts.length === 2)
    expect(api.results.map(({ uuid }) => uuid)).toEqual(['quick-1', 'quick-2'])
    expect(api.distributions).toHaveLength(37)
    const logged = bunny.lines.filter(({ msg }) => msg === 'task queue full')
    expect(logged).toMatchObject([{ level: 40, kind: 'distribution', polling: 'availability' }])
    held.release()
    await until(() => api.posts.length === 42, { timeoutMs: 30_000 })
    expect(new Set(api.results.map(({ uuid }) => uuid)).size).toBe(42)
    expect(bunny.errors).toEqual([])
  })

  it('fetches distributions while availability tasks are waiting', async () => {
    await using api = await ScriptedTaskApi.start()
    api.availability.push(...Array.from({ length: 20 }, (_, index) => men(`m${String(index)}`)))
    const held = new HeldSource(source, /count\(/i)
    await using bunny = await runBunny(api, held, { SOLVE_BACKLOG: '2', SOLVE_CONCURRENCY: '1' })
    await until(() => api.availability.length === 17)
    api.distributions.push(generic('d'))
    await until(() => bunny.lines.some(({ taskId }) => taskId === 'd'))
    expect(api.availability).toHaveLength(17)
    held.release()
    await until(() => api.posts.length === 21, { timeoutMs: 30_000 })
    expect(bunny.errors).toEqual([])
  })

  it('answers availability tasks of a relay that cannot select the kind', async () => {
    await using api = await ScriptedTaskApi.start()
    api.selectsKind = false
    api.distributions.push(
      ...Array.from({ length: 10 }, (_, index) => generic(`d${String(index)}`)),
    )
    const held = new HeldSource(source, /condition_concept_id AS/)
    await using bunny = await runBunny(api, held, { SOLVE_BACKLOG: '2' })
    await until(() => api.distributions.length === 0)
    api.availability.push(men('quick'))
    await until(() => api.posts.length === 1)
    expect(api.results[0]?.uuid).toBe('quick')
    held.release()
    await until(() => api.posts.length === 11, { timeoutMs: 30_000 })
    expect(bunny.errors).toEqual([])
  })
})

describe('a task that is handed out twice', () => {
  it('is solved once while it is in progress', async () => {
    await using api = await ScriptedTaskApi.start()
    const held = new HeldSource(source, /count/)
    api.queue(men('twice'), men('twice'))
    await using bunny = await runBunny(api, held)
    await until(() => bunny.events.includes('task repeated'))
    held.release()
    await until(() => api.posts.length === 1)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(held.held).toBe(1)
    expect(api.posts.length).toBe(1)
  })

  it('is answered again without being solved again', async () => {
    await using api = await ScriptedTaskApi.start()
    const counting = new HeldSource(source, /never/)
    api.queue(men('twice'))
    await using bunny = await runBunny(api, counting)
    await until(() => bunny.events.includes('result submitted'))
    api.queue(men('twice'))
    await until(() => api.posts.length === 2)
    expect(counting.queries).toBe(1)
    expect(api.posts[1]?.body).toBe(api.posts[0]?.body)
  })
})

describe('a uuid that is used for another question', () => {
  it('gets another answer', async () => {
    await using api = await ScriptedTaskApi.start()
    const asthma = availability([rule('317009')], { uuid: 'same', collection: COLLECTION })
    api.queue(men('same'), asthma)
    await using bunny = await runBunny(api, source)
    await until(() => api.posts.length === 2)
    const counts = api.results.map(({ queryResult }) => queryResult.count)
    expect(new Set(counts)).toEqual(new Set([10, 30]))
    expect(bunny.events.filter((event) => event === 'task received')).toHaveLength(2)
  })
})

describe('stopping', () => {
  it('aborts a held poll', async () => {
    await using api = await ScriptedTaskApi.start()
    api.holdMs = 30_000
    const bunny = await runBunny(api, source, { POLL_WAIT_SECONDS: '30', LOG_LEVEL: 'debug' })
    await until(() => api.polls.length === 1)
    expect(bunny.lines.find(({ msg }) => msg === 'poll sent')).toMatchObject({ waitMs: 1000 })
    const start = Date.now()
    await bunny.handle[Symbol.asyncDispose]()
    expect(Date.now() - start).toBeLessThan(15_000)
    await bunny.handle.ended
    expect(bunny.lines.filter(({ msg }) => msg === 'poll failed')).toEqual([])
  })

  it('finishes the running task and submits its result', async () => {
    await using api = await ScriptedTaskApi.start()
    const held = new HeldSource(source, /count/)
    api.queue(men('last'))
    const bunny = await runBunny(api, held)
    await until(() => held.held === 1)
    setTimeout(() => held.release(), 300)
    await bunny.handle[Symbol.asyncDispose]()
    expect(api.results.map(({ uuid, status }) => [uuid, status])).toEqual([['last', 'ok']])
  })

  it('without a folder, discards a task that takes too long, so that the relay hands it out again', async () => {
    await using api = await ScriptedTaskApi.start()
    const held = new HeldSource(source, /count/)
    api.queue(men('endless'))
    const bunny = await runBunny(api, held, { BUNNY_SHUTDOWN_TIMEOUT: '0' })
    await until(() => held.held === 1)
    await bunny.handle[Symbol.asyncDispose]()
    expect(held.cancelled).toBe(1)
    expect(api.posts).toEqual([])
    expect(bunny.lines).toContainEqual(
      expect.objectContaining({ msg: 'task discarded', taskId: 'endless', level: 40 }),
    )
  })

  it('answers a task that the relay had already handed out', async () => {
    await using api = await ScriptedTaskApi.start()
    const bunny = await runBunny(api, source, { POLL_WAIT_SECONDS: '0' })
    await until(() => api.polls.length === 1)
    // The next poll is running when the stop comes, and its response takes a moment.
    api.holdMs = 1000
    await until(() => api.polls.length === 2)
    const stopped = bunny.handle[Symbol.asyncDispose]()
    api.queue(men('late'))
    await stopped
    expect(api.results.map(({ uuid }) => uuid)).toEqual(['late'])
  })
})

describe('a state folder', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warren-daemon-state-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('keeps a result through a stop while the relay is down', async () => {
    await using api = await ScriptedTaskApi.start()
    api.queue(men('kept'))
    api.postReplies.push(...Array.from({ length: 50 }, () => ({ status: 503 })))
    const first = await runBunny(api, source, { BUNNY_STATE_DIR: folder })
    await until(() => first.events.includes('result submission failed'))
    await first.handle[Symbol.asyncDispose]()
    expect(first.events).not.toContain('result lost')

    api.postReplies.length = 0
    const before = api.posts.length
    await using second = await runBunny(api, source, { BUNNY_OUTBOX_DIR: folder })
    await until(() => second.events.includes('result submitted'))
    expect(api.posts.length).toBe(before + 1)
    expect(api.results.at(-1)).toMatchObject({ uuid: 'kept', status: 'ok' })
  })

  it('keeps tasks that are not done at a stop, and the next start answers them', async () => {
    await using api = await ScriptedTaskApi.start()
    const held = new HeldSource(source, /count/i)
    api.queue(men('running'), men('waiting'), generic('distribution'))
    const env = { BUNNY_STATE_DIR: folder, BUNNY_SHUTDOWN_TIMEOUT: '0', SOLVE_CONCURRENCY: '1' }
    const first = await runBunny(api, held, env)
    await until(() => first.events.filter((event) => event === 'task received').length === 3)
    await until(() => held.held === 2)
    await first.handle[Symbol.asyncDispose]()
    expect(api.posts).toEqual([])
    expect(first.events).not.toContain('task discarded')
    const kept = first.events.filter((event) => event === 'task kept for the next start')
    expect(kept).toHaveLength(3)

    // The relay hands out one of them again, and it is not solved twice.
    const counting = new HeldSource(source, /never/)
    api.queue(men('waiting'))
    await using second = await runBunny(api, counting, env)
    await until(() => api.posts.length >= 3)
    expect(second.lines).toContainEqual(
      expect.objectContaining({ msg: 'tasks restored', tasks: 3 }),
    )
    await until(() => second.events.includes('task repeated'))
    const answered = new Set(api.results.map(({ uuid }) => uuid))
    expect(answered).toEqual(new Set(['running', 'waiting', 'distribution']))
    expect(second.events.filter((event) => event === 'task solved')).toHaveLength(3)
  })

  it('answers a task that is handed out again after a restart with the same result', async () => {
    await using api = await ScriptedTaskApi.start()
    api.queue(men('twice'))
    const first = await runBunny(api, source, { BUNNY_STATE_DIR: folder })
    await until(() => first.events.includes('result submitted'))
    await first.handle[Symbol.asyncDispose]()

    const counting = new HeldSource(source, /never/)
    api.queue(men('twice'))
    await using second = await runBunny(api, counting, { BUNNY_STATE_DIR: folder })
    await until(() => api.posts.length === 2)
    expect(api.posts[1]?.body).toBe(api.posts[0]?.body)
    expect(second.events).not.toContain('task received')
  })

  it('does not hold a task whose deadline passed', async () => {
    await using api = await ScriptedTaskApi.start()
    const held = new HeldSource(source, /count/)
    api.queue(men('late'))
    const env = { BUNNY_STATE_DIR: folder, BUNNY_SHUTDOWN_TIMEOUT: '0' }
    const first = await runBunny(api, held, env)
    await until(() => held.held === 1)
    await first.handle[Symbol.asyncDispose]()
    await new Promise((resolve) => setTimeout(resolve, 1100))
    await using second = await runBunny(api, source, { ...env, BUNNY_AVAILABILITY_TIMEOUT: '1s' })
    const discarded = await until(() => second.lines.find(({ msg }) => msg === 'task discarded'))
    expect(discarded).toMatchObject({ taskId: 'late', level: 40 })
    await until(() => api.polls.length > 2)
    expect(api.posts).toEqual([])
  })

  it('rejects a second bunny while the first one runs', async () => {
    await using api = await ScriptedTaskApi.start()
    await using first = await runBunny(api, source, { BUNNY_STATE_DIR: folder })
    const second = runBunny(api, source, { BUNNY_STATE_DIR: folder })
    await expect(second).rejects.toThrow(`another bunny uses the folder ${folder}`)
    expect(first.errors).toEqual([])
  })

  it('prevents the start if it cannot be used', async () => {
    await using api = await ScriptedTaskApi.start()
    const starting = runBunny(api, source, { BUNNY_STATE_DIR: '/dev/null/state' })
    await expect(starting).rejects.toThrow(/BUNNY_STATE_DIR/)
  })
})

describe('distribution cache of the daemon', () => {
  it('has distributions before they are requested', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'warren-daemon-cache-'))
    await using api = await ScriptedTaskApi.start()
    const counting = new HeldSource(source, /never/)
    await using bunny = await runBunny(api, counting, { CACHE_ENABLED: 'true', CACHE_DIR: folder })
    const refreshed = () => bunny.events.filter((e) => e === 'distribution cache refreshed')
    await until(() => refreshed().length === 2)
    const before = counting.queries
    api.queue(generic('g'), distribution('DEMOGRAPHICS', { uuid: 'd', collection: COLLECTION }))
    await until(() => api.posts.length === 2)
    expect(counting.queries).toBe(before)
    expect(api.results.every(({ status }) => status === 'ok')).toBe(true)
    await rm(folder, { recursive: true })
  })
})
