import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { countResult } from '@warren/task-api'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadUpstreamConfig, startUpstream } from '../../src/index.ts'
import { MEN, poller, runningUpstream } from './running-upstream.ts'

function databaseFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'warren-upstream-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'upstream.db')
}

describe('UpstreamHandle', () => {
  it('asks, and waits for the result', async () => {
    const running = await runningUpstream()
    const { client, collectionId } = await poller(running)
    const uuid = await running.upstream.ask(MEN)
    const answering = running.upstream.waitForResult(uuid)
    await client.nextTask()
    await client.submitResult(countResult({ uuid, collection: collectionId }, 44, 'by 1 of 1'))
    expect(await answering).toMatchObject({
      uuid,
      state: 'answered',
      count: 44,
      message: 'by 1 of 1',
    })
    expect(await running.upstream.waitForResult(uuid)).toMatchObject({ count: 44 })
  })

  it('continues to wait after the last hand-out, and stops at the deadline', async () => {
    const running = await runningUpstream({ UPSTREAM_MAX_ATTEMPTS: '1' })
    const { client } = await poller(running)
    const uuid = await running.upstream.ask(MEN)
    await client.nextTask()
    let settled = false
    const answering = running.upstream.waitForResult(uuid).finally(() => (settled = true))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(settled).toBe(false)
    running.clock.advance(300_000)
    expect(await answering).toMatchObject({ state: 'timed-out' })
  })

  it('stops waiting when its signal is aborted', async () => {
    const running = await runningUpstream()
    await poller(running)
    const uuid = await running.upstream.ask(MEN)
    const stop = new AbortController()
    const answering = running.upstream.waitForResult(uuid, { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(answering).rejects.toThrow('enough')
  })

  it('responds to waiting requests before it stops', async () => {
    const running = await runningUpstream()
    const { client } = await poller(running)
    const uuid = await running.upstream.ask(MEN)
    await client.nextTask()
    const polling = client.nextTask({ waitSeconds: 60 })
    const asking = fetch(`${running.url}/api/v1/questions/${uuid}?wait=60`)
    const answering = running.upstream.waitForResult(uuid).catch((error: unknown) => error)
    // Both requests must have arrived, or they are rejected.
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const started = performance.now()
    await running.upstream[Symbol.asyncDispose]()
    expect(await polling).toBeNull()
    expect((await asking).status).toBe(200)
    expect(await answering).toMatchObject({ name: 'AbortError' })
    expect(performance.now() - started).toBeLessThan(20_000)
  })
})

describe('starting', () => {
  it('rejects an address that other machines can reach without a token, even from code', async () => {
    const config = { ...loadUpstreamConfig({ UPSTREAM_PORT: '0' }), host: '0.0.0.0' }
    await expect(startUpstream(config)).rejects.toMatchObject({ exitCode: 78 })
  })

  it('names the port that is in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void other.close())
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const config = loadUpstreamConfig({ UPSTREAM_PORT: String(port) })
    await expect(startUpstream(config)).rejects.toMatchObject({
      exitCode: 69,
      message: expect.stringContaining(`127.0.0.1:${port}`),
    })
  })
})

describe('a database in a file', () => {
  it('keeps collections, questions and leases across a restart', async () => {
    const env = { UPSTREAM_STORE: `sqlite:${databaseFile()}`, UPSTREAM_PORT: '0' }
    const before = await startUpstream(loadUpstreamConfig(env))
    const login = await before.collections.add({ name: 'north' })
    const uuid = await before.ask(MEN)
    await before[Symbol.asyncDispose]()

    const running = await runningUpstream(env)
    const authorization = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`
    const next = await fetch(`${running.url}/api/v1/task/nextjob/${login.collectionId}`, {
      headers: { authorization },
    })
    expect(await next.json()).toMatchObject({ uuid, cohort: MEN.cohort })
    expect(running.upstream.collections.list()).toMatchObject([{ name: 'north' }])
  })

  it('of the first version is updated, with its questions', async () => {
    const path = databaseFile()
    const store = `sqlite:${path}`
    {
      await using _ = await startUpstream(
        loadUpstreamConfig({ UPSTREAM_STORE: store, UPSTREAM_PORT: '0' }),
      )
    }
    const database = new DatabaseSync(path)
    const { sql } = database
      .prepare(`select sql from sqlite_schema where name = 'questions'`)
      .get() ?? { sql: '' }
    const first = String(sql).replace(/,\s*'cancelled'/, '')
    expect(first).not.toBe(sql)
    database.exec(`drop table questions; ${first};
      create index questions_open on questions (collection_id, task_id) where settled_at is null;
      create index questions_due on questions (deadline) where settled_at is null;
      create index questions_old on questions (settled_at) where settled_at is not null;
      insert into collections values ('c', 'north', 'north', 'x', 0, null, null, 0);
      insert into questions values (7, 'u', 'c', 'availability', '{}', 0, ${Date.now() + 60_000}, 'queued', 0, null, null, null, null, null);
      pragma user_version = 1`)
    database.close()
    await using running = await startUpstream(
      loadUpstreamConfig({ UPSTREAM_STORE: store, UPSTREAM_PORT: '0' }),
    )
    const cancel = await fetch(`${running.url}/api/v1/questions/u/cancel`, { method: 'POST' })
    expect(await cancel.json()).toMatchObject({ uuid: 'u', state: 'cancelled' })
  })

  it('is rejected if a newer version wrote it, or if it cannot be opened', async () => {
    const file = databaseFile()
    const database = new DatabaseSync(file)
    database.exec('pragma user_version = 999')
    database.close()
    const config = loadUpstreamConfig({ UPSTREAM_STORE: `sqlite:${file}`, UPSTREAM_PORT: '0' })
    await expect(startUpstream(config)).rejects.toThrow(/newer version/)
    const missing = { ...config, store: 'sqlite:/no/such/folder/x.db' }
    await expect(startUpstream(missing)).rejects.toMatchObject({ exitCode: 69 })
  })

  it('deletes settled questions after the retention time', async () => {
    const running = await runningUpstream({ UPSTREAM_RETENTION: '1d' })
    const { client, collectionId } = await poller(running)
    const old = await running.upstream.ask(MEN)
    await client.submitResult(countResult({ uuid: old, collection: collectionId }, 44))
    running.clock.advance(86_400_001)
    const deadline = performance.now() + 20_000
    let status = 200
    while (status === 200 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      status = (await fetch(`${running.url}/api/v1/questions/${old}`)).status
    }
    expect(status).toBe(404)
  })
})
