import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COLLECTION, HeldSource, runBunny } from '../support/running-bunny.ts'
import { ScriptedTaskApi } from '../support/scripted-task-api.ts'
import { duckDbHospital } from '../support/small-hospital.ts'
import { availability, distribution, person, rule } from '../support/tasks.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-health-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

describe('the health of a bunny', () => {
  it('is served with metrics that contain no count, and written to a file', async () => {
    await using api = await ScriptedTaskApi.start()
    api.queue(availability([person('8507')], { collection: COLLECTION }))
    const { source, instance } = await duckDbHospital()
    const port = await freePort()
    const file = join(folder, 'healthy')
    const bunny = await runBunny(api, source, {
      BUNNY_HEALTH_ADDRESS: String(port),
      BUNNY_HEALTH_FILE: file,
    })
    const get = (path: string, method = 'GET') =>
      fetch(`http://127.0.0.1:${port}${path}`, { method })
    try {
      await until(() => api.results.length === 1, { timeoutMs: 30_000 })
      await until(async () => (await get('/readyz')).status === 200, { timeoutMs: 30_000 })
      expect((await get('/livez')).status).toBe(200)
      expect((await get('/livez', 'HEAD')).status).toBe(200)
      expect((await get('/livez', 'POST')).status).toBe(405)
      expect((await get('/nowhere')).status).toBe(404)
      expect(await (await get('/healthz')).text()).toBe('Healthy')
      const text = await (await get('/metrics')).text()
      expect(text).toContain('warren_bunny_tasks_total{kind="availability",outcome="ok"} 1')
      expect(text).toContain('warren_bunny_submissions_total{link="relay",outcome="accepted"} 1')
      expect(text).toMatch(/warren_bunny_polls_total\{link="relay",outcome="task"\} 1/)
      expect(text).toContain('warren_bunny_outbox_results{link="relay"} 0')
      expect(text).not.toMatch(/8507|unique_id|secret-collection/)
      await until(() => exists(file), { timeoutMs: 30_000 })
    } finally {
      await bunny[Symbol.asyncDispose]()
      instance.closeSync()
    }
    expect(await exists(file)).toBe(false)
    await expect(get('/livez')).rejects.toThrow()
  }, 120_000)

  it('is not ready before the relay has answered a poll', async () => {
    await using api = await ScriptedTaskApi.start()
    for (let i = 0; i < 200; i++) api.pollReplies.push({ status: 401 })
    const { source, instance } = await duckDbHospital()
    const port = await freePort()
    const bunny = await runBunny(api, source, { BUNNY_HEALTH_ADDRESS: `127.0.0.1:${port}` })
    try {
      const response = await fetch(`http://127.0.0.1:${port}/readyz`)
      expect(response.status).toBe(503)
      expect(await response.json()).toMatchObject({
        status: 'unready',
        checks: { relay: { ok: false }, database: { ok: true } },
      })
    } finally {
      await bunny[Symbol.asyncDispose]()
      instance.closeSync()
    }
  }, 120_000)

  it('says what each collection does, and which of them is not ready', async () => {
    await using north = await ScriptedTaskApi.start()
    await using south = await ScriptedTaskApi.start()
    for (let i = 0; i < 200; i++) south.pollReplies.push({ status: 401 })
    const policy = join(folder, 'policy.json')
    await writeFile(policy, JSON.stringify({ version: 1, hold: [{ concepts: [254761] }] }))
    const { source, instance } = await duckDbHospital()
    const slow = new HeldSource(source, /count/i)
    const port = await freePort()
    const bunny = await runBunny(north, slow, {
      BUNNY_HEALTH_ADDRESS: String(port),
      BUNNY_STATE_DIR: join(folder, 'state'),
      BUNNY_POLICY_FILE: policy,
      SOLVE_CONCURRENCY: '1',
      TASK_API_2_NAME: 'south',
      TASK_API_2_BASE_URL: south.url,
      TASK_API_2_USERNAME: 'site-b',
      TASK_API_2_PASSWORD: 'hunter3-hunter3',
      TASK_API_2_COLLECTION_ID: 'secret-collection-8',
    })
    const task = (uuid: string, one: ReturnType<typeof rule>) =>
      availability([one], { uuid, collection: COLLECTION })
    north.queue(
      task('held', rule('254761')),
      task('running', person('8507')),
      task('waiting', person('8532')),
      distribution('DEMOGRAPHICS', { collection: COLLECTION }),
    )
    const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
    try {
      const document = await until(async () => {
        const body = (await (await get('/readyz')).json()) as { collections: object[] }
        const isBusy = JSON.stringify(body.collections[0]).includes('"held":1')
        const isRejected = JSON.stringify(body.collections[1]).includes('rejected')
        return isBusy && isRejected ? body : undefined
      })
      expect(document).toMatchObject({
        status: 'unready',
        checks: {
          'relay relay': { ok: true },
          'relay south': { ok: false, detail: 'the login is rejected' },
        },
        database: { available: true },
        collections: [
          {
            link: 'relay',
            login: 'accepted',
            lastPollAt: expect.stringMatching(/^\d{4}-.*Z$/),
            tasks: {
              availability: { running: 1, waiting: 1 },
              distribution: { running: 1, waiting: 0 },
              held: 1,
            },
            results: { waiting: 0 },
          },
          { link: 'south', login: 'rejected', lastPollAt: null },
        ],
      })
      const text = await (await get('/metrics')).text()
      for (const line of [
        'warren_bunny_tasks_running{link="relay",kind="availability"} 1',
        'warren_bunny_tasks_waiting{link="relay",kind="availability"} 1',
        'warren_bunny_tasks_held{link="relay"} 1',
        'warren_bunny_login_accepted{link="relay"} 1',
        'warren_bunny_login_accepted{link="south"} 0',
        'warren_bunny_database_available 1',
      ]) {
        expect(text).toContain(`${line}\n`)
      }
    } finally {
      slow.release()
      await bunny[Symbol.asyncDispose]()
      instance.closeSync()
    }
  }, 120_000)
})
