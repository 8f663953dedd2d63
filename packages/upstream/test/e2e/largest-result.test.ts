import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, LARGEST_BODIES, ResponsivenessProbe, ServerProcess } from '@warren/testkit'
import { isJsonObject } from '@warren/task-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MEN } from '../integration/running-upstream.ts'

const MB = 1_000_000
const LARGEST = 32 * 1024 * 1024
// An idle machine needs less than 300 MB and 250 ms. A busy one, whose disk and memory are slow, keeps more bodies for longer.
const MAX_GROWTH = 600 * MB
const MAX_PROBE_MS = 1_000
// An upstream that is blocked is slow at every attempt, other processes of the machine only at some.
const MAX_ATTEMPTS = 8

describe('a result of the largest size', () => {
  const resources = new AsyncDisposableStack()
  let upstream: ServerProcess
  let probe: ResponsivenessProbe
  let collectionId: string
  let authorization: string
  let idleBytes: number

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'warren-upstream-'))
    resources.defer(() => rm(folder, { recursive: true }))
    const port = String(await freePort())
    upstream = resources.use(
      await ServerProcess.start({
        url: `http://127.0.0.1:${port}`,
        args: [fileURLToPath(new URL('../../src/main.ts', import.meta.url)), 'serve'],
        env: {
          UPSTREAM_PORT: port,
          UPSTREAM_RATE_LIMIT: '0',
          // In memory, the results themselves would count.
          UPSTREAM_STORE: `sqlite:${join(folder, 'upstream.sqlite')}`,
        },
        ready: 'upstream started',
      }),
    )
    probe = resources.use(await ResponsivenessProbe.start())
    const login = await post('/api/v1/collections', { name: 'north' })
    collectionId = String(login['collectionId'])
    const credentials = `${String(login['username'])}:${String(login['password'])}`
    authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
    idleBytes = (await upstream.memory()).now
  })
  afterAll(() => resources.disposeAsync())

  const post = async (path: string, body: object) => {
    const response = await fetch(`${upstream.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const json: unknown = await response.json()
    if (!isJsonObject(json)) throw new Error(`${path} was answered ${response.status}`)
    return json
  }

  it.each(LARGEST_BODIES)(
    'with $name keeps the upstream responsive and small',
    async ({ build, isLegal }) => {
      const body = build(LARGEST)
      expect(body.length).toBeGreaterThan(33 * MB)
      let slowest = Number.POSITIVE_INFINITY
      for (let attempt = 1; attempt <= MAX_ATTEMPTS && slowest >= MAX_PROBE_MS; attempt++) {
        const { uuid } = await post('/api/v1/questions', MEN)
        const path = `/api/v1/task/result/${String(uuid)}/${collectionId}`
        const response = fetch(`${upstream.url}${path}`, {
          method: 'POST',
          headers: { authorization, 'content-type': 'application/json' },
          body,
        })
        const { slowestMs, bareMs, failures } = await probe.measure(upstream.url, response)
        expect((await response).status).toBe(isLegal ? 201 : 400)
        expect(failures).toBe(0)
        slowest = Math.min(slowest, slowestMs - bareMs)
      }
      expect(slowest).toBeLessThan(MAX_PROBE_MS)
      expect((await upstream.memory()).peak - idleBytes).toBeLessThan(MAX_GROWTH)
    },
  )
})
