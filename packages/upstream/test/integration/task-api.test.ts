import { setTimeout } from 'node:timers/promises'
import { countResult, errorResult, isJsonObject, parseTask } from '@warren/task-api'
import { until } from '@warren/testkit'
import { describe, expect, it } from 'vitest'
import {
  GENERIC,
  MEN,
  type Poller,
  type Running,
  failureOf,
  poller,
  runningUpstream,
} from './running-upstream.ts'

async function nextUuid({ client }: Poller, type?: 'a' | 'b'): Promise<string | null> {
  const next = await client.nextTask(type === undefined ? {} : { type })
  return next === null ? null : parseTask(next.body).uuid
}

async function statusOf({ client }: Poller): Promise<[number | undefined, string | undefined]> {
  const error = await failureOf(client.nextTask({ type: 'a' }))
  return [error.status, error.message.split(': ')[1]]
}

async function view({ url }: Running, uuid: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/api/v1/questions/${uuid}`)
  const body: unknown = await response.json()
  return isJsonObject(body) ? { ...body } : {}
}

function post(running: Running, { collectionId, ...login }: Poller, uuid: string, body: unknown) {
  const basic = Buffer.from(`${login.username}:${login.password}`).toString('base64')
  return fetch(`${running.url}/api/v1/task/result/${uuid}/${collectionId}`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

describe('the status of tasks', () => {
  it.each(['/api/v1', '/link_connector_api'])('is an empty list under %s', async (base) => {
    const running = await runningUpstream()
    const north = await poller(running, { base })
    const url = `${running.url}${base}/task/status/1`
    const basic = Buffer.from(`${north.username}:${north.password}`).toString('base64')
    for (const method of ['GET', 'POST']) {
      const response = await fetch(url, { method, headers: { authorization: `Basic ${basic}` } })
      expect([response.status, await response.json()]).toEqual([200, []])
      expect((await fetch(url, { method })).status).toBe(401)
    }
  })
})

describe('polling', () => {
  it.each(['/api/v1', '/link_connector_api'])(
    'hands out what was asked, under %s',
    async (base) => {
      const running = await runningUpstream()
      const north = await poller(running, { base })
      expect(await north.client.nextTask({ type: 'a' })).toBeNull()
      const uuid = await running.upstream.ask({ ...MEN, priority: { high: true } })
      const next = await north.client.nextTask({ type: 'a' })
      expect(next?.body).toEqual({
        ...MEN,
        priority: { high: true },
        task_id: 1,
        uuid,
        collection: north.collectionId,
        owner: '1',
        project: 'unknown_project',
        protocol_version: 'v2',
        char_salt: expect.stringMatching(/^[0-9a-f-]{36}$/),
      })
      expect(running.logged('task leased')).toMatchObject([
        {
          taskId: uuid,
          collection: north.collectionId,
          attempt: 1,
          workerId: 'worker-1',
          requestId: next?.requestId,
        },
      ])
    },
  )

  it('keeps counts and distributions in two queues, in the order they were asked', async () => {
    const running = await runningUpstream()
    const north = await poller(running)
    const [b, a1, a2] = [
      await running.upstream.ask(GENERIC),
      await running.upstream.ask(MEN),
      await running.upstream.ask(MEN),
    ]
    expect(await nextUuid(north)).toBe(a1)
    expect(await nextUuid(north, 'a')).toBe(a2)
    expect(await nextUuid(north, 'a')).toBeNull()
    const distribution = await north.client.nextTask({ type: 'b' })
    expect(distribution?.body).toEqual({
      ...GENERIC,
      task_id: 1,
      uuid: b,
      collection: north.collectionId,
      owner: '1',
      protocol_version: 'v2',
    })
  })

  it('never hands out the task of another collection', async () => {
    const running = await runningUpstream()
    const north = await poller(running)
    const south = await poller(running, { name: 'south' })
    const uuid = await running.upstream.ask({ ...MEN, collection: 'south' })
    expect(await nextUuid(north)).toBeNull()
    expect(await nextUuid(south)).toBe(uuid)
    expect(
      await failureOf(north.client.submitResult(countResult({ uuid, collection: '' }, 1))),
    ).toMatchObject({ status: 404 })
  })

  it('holds a poll with Prefer: wait until there is a task', async () => {
    const running = await runningUpstream()
    const north = await poller(running)
    const started = performance.now()
    const polling = north.client.nextTask({ type: 'a', waitSeconds: 20 })
    await until(() => running.upstream.collections.list()[0]?.lastPollAt != null)
    const uuid = await running.upstream.ask(MEN)
    expect(parseTask((await polling)?.body).uuid).toBe(uuid)
    expect(performance.now() - started).toBeLessThan(15_000)
  })

  it('returns 204 to a held poll that no task arrived for', async () => {
    const running = await runningUpstream()
    const north = await poller(running)
    const started = performance.now()
    expect(await north.client.nextTask({ waitSeconds: 1 })).toBeNull()
    expect(performance.now() - started).toBeGreaterThan(900)
  })

  it('hands no task to a client that has disconnected', async () => {
    const running = await runningUpstream()
    const north = await poller(running)
    const hangUp = new AbortController()
    const polling = north.client.nextTask({ waitSeconds: 20, signal: hangUp.signal })
    await until(() => running.upstream.collections.list()[0]?.lastPollAt != null)
    hangUp.abort()
    await expect(polling).rejects.toBe(hangUp.signal.reason)
    await setTimeout(200)
    const uuid = await running.upstream.ask(MEN)
    expect(await nextUuid(north)).toBe(uuid)
    expect(running.logged('task leased')).toHaveLength(1)
  })

  it('rejects wrong credentials and collections, each with its own status', async () => {
    const running = await runningUpstream()
    const north = await poller(running)
    const wrongPassword = await poller(running, { name: 'wrong', password: 'guess' })
    const other = await poller(running, { name: 'other', collection: north.collectionId })
    const nowhere = await poller(running, { name: 'nowhere', collection: 'no-such-collection' })
    expect(await statusOf(wrongPassword)).toEqual([
      401,
      'The user name or password is missing or wrong',
    ])
    expect(await statusOf(other)).toEqual([403, 'The credentials belong to another collection'])
    expect(await statusOf(nowhere)).toEqual([404, 'The collection does not exist'])
    expect(
      (await fetch(`${running.url}/api/v1/task/nextjob/x`)).headers.get('www-authenticate'),
    ).toBe('Basic realm="upstream", charset="UTF-8"')
    const suffixed = await poller(running, { name: 'c', collection: `${north.collectionId}.c` })
    expect(await statusOf(suffixed)).toEqual([400, 'The task type must be a or b'])
  })

  it('limits the rate of requests from one address', async () => {
    const running = await runningUpstream({ UPSTREAM_RATE_LIMIT: '3' })
    const north = await poller(running)
    for (let poll = 0; poll < 3; poll++) await north.client.nextTask()
    expect(await failureOf(north.client.nextTask())).toMatchObject({
      kind: 'unavailable',
      status: 429,
      retryAfterMs: 60_000,
    })
    running.clock.advance(60_000)
    expect(await north.client.nextTask()).toBeNull()
  })
})

describe('a lease', () => {
  it('that ends lets the next poll receive the same uuid', async () => {
    const running = await runningUpstream({ UPSTREAM_LEASE: '10' })
    const north = await poller(running)
    const uuid = await running.upstream.ask(MEN)
    expect(await nextUuid(north)).toBe(uuid)
    running.clock.advance(9_999)
    expect(await nextUuid(north)).toBeNull()
    running.clock.advance(1)
    expect(await nextUuid(north)).toBe(uuid)
    expect(running.logged('task leased').map(({ attempt }) => attempt)).toEqual([1, 2])
  })

  it('marks the task failed the third time, which a valid result still clears', async () => {
    const running = await runningUpstream()
    const north = await poller(running)
    const uuid = await running.upstream.ask(MEN)
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(await nextUuid(north)).toBe(uuid)
      running.clock.advance(10_000)
    }
    expect(await nextUuid(north)).toBeNull()
    expect(await view(running, uuid)).toMatchObject({
      state: 'failed',
      settled: false,
      attempts: 3,
      count: null,
      message: 'no result after 3 hand-outs',
    })
    await north.client.submitResult(
      countResult({ uuid, collection: north.collectionId }, 44, 'late'),
    )
    expect(await view(running, uuid)).toMatchObject({
      state: 'answered',
      settled: true,
      count: 44,
      message: 'late',
    })
  })

  it('wakes a held poll when it ends', async () => {
    const running = await runningUpstream()
    const north = await poller(running)
    const uuid = await running.upstream.ask(MEN)
    await nextUuid(north)
    const polling = north.client.nextTask({ waitSeconds: 20 })
    running.clock.advance(10_000)
    expect(parseTask((await polling)?.body).uuid).toBe(uuid)
  })

  it('goes to one of two concurrent polls', async () => {
    const running = await runningUpstream()
    const north = await poller(running)
    const uuids = new Set<string>()
    for (let task = 0; task < 20; task++) uuids.add(await running.upstream.ask(MEN))
    const polls = await Promise.all(Array.from({ length: 40 }, () => nextUuid(north)))
    const given = polls.filter((uuid) => uuid !== null)
    expect(given).toHaveLength(20)
    expect(new Set(given)).toEqual(uuids)
  })
})

async function leased(env?: NodeJS.ProcessEnv) {
  const running = await runningUpstream(env)
  const north = await poller(running)
  const uuid = await running.upstream.ask(MEN)
  await nextUuid(north)
  return { running, north, uuid, address: { uuid, collection: north.collectionId } }
}

describe('a result', () => {
  it('is stored and acknowledged with 201 and JSON', async () => {
    const { running, north, uuid, address } = await leased()
    const response = await post(running, north, uuid, countResult(address, 120, 'by 3 of 4 nodes'))
    expect([response.status, await response.json()]).toEqual([201, { message: 'Result received' }])
    expect(await view(running, uuid)).toMatchObject({
      state: 'answered',
      count: 120,
      message: 'by 3 of 4 nodes',
      worker: 'worker-1',
      result: countResult(address, 120, 'by 3 of 4 nodes'),
    })
    expect(running.logged('result received')).toMatchObject([
      { taskId: uuid, status: 'ok', count: 120 },
    ])
  })

  it('that reports a failure is never a count', async () => {
    const { running, north, uuid, address } = await leased()
    expect(await north.client.submitResult(errorResult(address, 'no node'))).toBe('accepted')
    expect(await view(running, uuid)).toMatchObject({
      state: 'failed',
      settled: true,
      count: null,
      message: 'no node',
    })
    running.clock.advance(10_000)
    expect(await nextUuid(north)).toBeNull()
  })

  it('for an answered task is ignored with 201', async () => {
    const { running, north, uuid, address } = await leased()
    await north.client.submitResult(countResult(address, 120))
    await north.client.submitResult(countResult(address, 999))
    await north.client.submitResult(errorResult(address, 'too late'))
    expect(await view(running, uuid)).toMatchObject({ state: 'answered', count: 120 })
  })

  it('that cannot be read is rejected with its problems, and marks the task failed', async () => {
    const { running, north, uuid, address } = await leased()
    const response = await post(running, north, uuid, { status: 'ok', queryResult: { count: 'x' } })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      code: 'BAD_RESULT',
      problems: [{ path: 'queryResult.count', message: 'expected a whole number, 0 or more' }],
    })
    expect(await view(running, uuid)).toMatchObject({ state: 'failed', settled: true })
    await north.client.submitResult(countResult(address, 44))
    expect(await view(running, uuid)).toMatchObject({ state: 'answered', count: 44 })
  })

  it('for a task that was never asked is unknown', async () => {
    const { north } = await leased()
    const result = countResult({ uuid: 'no-such-task', collection: north.collectionId }, 1)
    expect(await failureOf(north.client.submitResult(result))).toMatchObject({ status: 404 })
  })

  it('that is not JSON, or has no body, changes nothing', async () => {
    const { running, north, uuid } = await leased()
    for (const body of ['{"status":', '']) {
      const response = await post(running, north, uuid, body)
      expect([response.status, (await view(running, uuid))['state']]).toEqual([400, 'leased'])
    }
  })
})

describe('deadlines', () => {
  it('end a question without a result, and a late result still counts', async () => {
    const running = await runningUpstream({ UPSTREAM_TASK_TIMEOUT: '300' })
    const north = await poller(running)
    const uuid = await running.upstream.ask(MEN)
    await nextUuid(north)
    running.clock.advance(300_000)
    expect(await view(running, uuid)).toMatchObject({
      state: 'timed-out',
      settled: true,
      count: null,
      message: 'no result within 300 s (handed out once)',
    })
    expect(await nextUuid(north)).toBeNull()
    expect(running.logged('task timed out')).toHaveLength(1)
    await north.client.submitResult(countResult({ uuid, collection: north.collectionId }, 44))
    expect(await view(running, uuid)).toMatchObject({ state: 'answered', count: 44 })
  })

  it('give a distribution two hours', async () => {
    const running = await runningUpstream()
    await poller(running)
    const uuid = await running.upstream.ask(GENERIC)
    running.clock.advance(7_199_999)
    expect(await view(running, uuid)).toMatchObject({ state: 'queued' })
    running.clock.advance(1)
    expect(await view(running, uuid)).toMatchObject({
      state: 'timed-out',
      message: 'no result within 7200 s (never handed out)',
    })
  })

  it('suspend a collection that stopped polling, until it polls for counts again', async () => {
    const running = await runningUpstream()
    const north = await poller(running)
    const status = () => running.upstream.collections.list()[0]?.status
    await north.client.nextTask({ type: 'a' })
    running.clock.advance(30 * 60_000)
    await north.client.nextTask({ type: 'b' })
    running.clock.advance(1)
    await until(() => status() === 'suspended')
    await expect(running.upstream.ask(MEN)).rejects.toMatchObject({ code: 'COLLECTION_SUSPENDED' })
    await north.client.nextTask({ type: 'b' })
    expect(status()).toBe('suspended')
    await north.client.nextTask({ type: 'a' })
    expect(status()).toBe('active')
    await running.upstream.ask(MEN)
    expect(running.logged('collection suspended')).toHaveLength(1)
    expect(running.logged('collection resumed')).toHaveLength(1)
  })
})

describe('with the older behaviour', () => {
  const OLDER = { UPSTREAM_BEHAVIOUR: 'older' }

  it('a poll without a suffix receives tasks of every kind, each once', async () => {
    const running = await runningUpstream(OLDER)
    const north = await poller(running, { base: '' })
    const uuids = [await running.upstream.ask(GENERIC), await running.upstream.ask(MEN)]
    const first = await north.client.nextTask()
    expect(first?.body).toMatchObject({
      uuid: uuids[0],
      task_id: `job-2026-02-03-10:00:00-RQ-${uuids[0]}`,
      owner: 'user1',
    })
    expect(await nextUuid(north)).toBe(uuids[1])
    running.clock.advance(120_000)
    expect(await nextUuid(north)).toBeNull()
  })

  it('a result is confirmed with "Job saved", and a second one is a conflict', async () => {
    const running = await runningUpstream(OLDER)
    const north = await poller(running)
    const uuid = await running.upstream.ask(MEN)
    const result = countResult({ uuid, collection: north.collectionId }, 44)
    const saved = await post(running, north, uuid, result)
    expect([saved.status, saved.headers.get('content-type'), await saved.text()]).toEqual([
      200,
      'text/plain; charset=utf-8',
      'Job saved',
    ])
    const conflict = await post(running, north, uuid, result)
    expect([conflict.status, await conflict.json()]).toEqual([
      409,
      {
        status: 'CONFLICT',
        timestamp: '02-03-2026 10:00:00',
        message: 'Job file already uploaded',
        debugMessage: 'Job file already uploaded',
      },
    ])
    expect(await north.client.submitResult(result)).toBe('already-answered')
  })

  it('queue c is empty, and other suffixes are rejected', async () => {
    const running = await runningUpstream(OLDER)
    const { collectionId, username, password } = await poller(running)
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
    const status = async (suffix: string) => {
      const url = `${running.url}/link_connector_api/task/nextjob/${collectionId}.${suffix}`
      return (await fetch(url, { headers: { authorization } })).status
    }
    expect([await status('c'), await status('d')]).toEqual([204, 400])
  })
})
