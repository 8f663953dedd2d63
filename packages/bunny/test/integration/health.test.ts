import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COLLECTION, runBunny } from '../support/running-bunny.ts'
import { ScriptedTaskApi } from '../support/scripted-task-api.ts'
import { duckDbHospital } from '../support/small-hospital.ts'
import { availability, person } from '../support/tasks.ts'

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
      expect(text).toContain('warren_bunny_submissions_total{outcome="accepted"} 1')
      expect(text).toMatch(/warren_bunny_polls_total\{outcome="task"\} 1/)
      expect(text).toContain('warren_bunny_outbox_results 0')
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
})
