import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '@warren/testkit'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { DuckDbSource } from '../../src/sources/duckdb-source.ts'
import { COLLECTION, HeldSource, runBunny } from '../support/running-bunny.ts'
import { ScriptedTaskApi } from '../support/scripted-task-api.ts'
import { duckDbHospital } from '../support/small-hospital.ts'
import { availability, person } from '../support/tasks.ts'

const OTHER = 'secret-collection-8'

const men = (uuid: string, collection = COLLECTION) =>
  availability([person('8507')], { uuid, collection })

const second = (api: ScriptedTaskApi) => ({
  TASK_API_2_BASE_URL: api.url,
  TASK_API_2_USERNAME: 'site-b',
  TASK_API_2_PASSWORD: 'hunter3-hunter3',
  TASK_API_2_COLLECTION_ID: OTHER,
  TASK_API_2_NAME: 'south',
})

describe('a bunny with two relays', () => {
  let source: DuckDbSource
  beforeAll(async () => {
    ;({ source } = await duckDbHospital())
  })
  afterAll(() => source[Symbol.asyncDispose]())

  it('answers each with its own credentials, and names the relay in the log', async () => {
    await using north = await ScriptedTaskApi.start()
    await using south = await ScriptedTaskApi.start()
    north.queue(men('task-1'))
    south.queue(men('task-2', OTHER))
    await using bunny = await runBunny(north, source, second(south))
    await until(() => north.posts.length === 1 && south.posts.length === 1)
    expect(north.results[0]).toMatchObject({ uuid: 'task-1', status: 'ok' })
    expect(south.results[0]).toMatchObject({ uuid: 'task-2', status: 'ok' })
    expect(north.posts[0]?.path).toContain(COLLECTION)
    expect(south.posts[0]?.path).toContain(OTHER)
    const basic = Buffer.from('site-b:hunter3-hunter3').toString('base64')
    expect(south.polls[0]?.headers.authorization).toBe(`Basic ${basic}`)
    const received = bunny.lines.filter(({ msg }) => msg === 'task received')
    const links = Object.fromEntries(received.map(({ taskId, link }) => [taskId, link]))
    expect(links).toEqual({ 'task-1': 'relay', 'task-2': 'south' })
  })

  it('goes on with one while the other rejects its login, hangs or is away', async () => {
    await using north = await ScriptedTaskApi.start()
    await using south = await ScriptedTaskApi.start()
    south.pollReplies.push({ status: 401 }, 'reset', { status: 503 }, 'hang')
    await using bunny = await runBunny(north, source, second(south))
    await until(() => south.polls.length === 4)
    for (let task = 0; task < 3; task++) {
      north.queue(men(`task-${task}`))
      await until(() => north.posts.length === task + 1)
    }
    const errors = bunny.lines.filter(({ msg }) => msg === 'poll failed')
    expect(errors.map(({ link }) => link)).toEqual(['south', 'south', 'south'])
  })

  it('polls one while the other has filled its queue', async () => {
    await using north = await ScriptedTaskApi.start()
    await using south = await ScriptedTaskApi.start()
    const held = new HeldSource(source, /count/i)
    await using bunny = await runBunny(north, held, {
      ...second(south),
      SOLVE_BACKLOG: '2',
      SOLVE_CONCURRENCY: '1',
    })
    for (let task = 0; task < 12; task++) north.queue(men(`north-${task}`))
    await until(() => bunny.lines.some(({ msg }) => msg === 'task queue full'))
    south.queue(men('south-1', OTHER))
    await until(() =>
      bunny.lines.some(({ msg, taskId }) => msg === 'task received' && taskId === 'south-1'),
    )
    held.release()
    await until(() => south.posts.length === 1, { timeoutMs: 30_000 })
    // They take turns: it does not wait for all tasks of the other one.
    expect(north.posts.length).toBeLessThan(12)
  })

  it('keeps the tasks of each in a folder of its own', async () => {
    await using north = await ScriptedTaskApi.start()
    await using south = await ScriptedTaskApi.start()
    const folder = mkdtempSync(join(tmpdir(), 'warren-relays-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    await using bunny = await runBunny(north, source, {
      ...second(south),
      BUNNY_STATE: 'disk',
      BUNNY_STATE_DIR: folder,
    })
    const started = bunny.lines.filter(({ msg }) => msg === 'bunny started')
    expect(started).toHaveLength(2)
    expect(new Set(started.map(({ state }) => state)).size).toBe(2)
    // The first relay uses the folder itself.
    const own = readdirSync(folder).filter((name) => /^[0-9a-f]{16}$/.test(name))
    expect(own).toHaveLength(1)
    expect(JSON.stringify(bunny.lines)).not.toContain(OTHER)
  })
})
