import { fileURLToPath } from 'node:url'
import { countResult, isJsonObject, serializeResult } from '@warren/task-api'
import { freePort, fuzzHttp, type FuzzReport, ServerProcess } from '@warren/testkit'
import { MEN } from './running-upstream.ts'

export interface UpstreamFuzzReport extends FuzzReport {
  /** What is wrong with the upstream afterwards. */
  readonly damage: readonly string[]
}

interface UpstreamFuzzOptions {
  readonly requests: number
  readonly seed: number
  readonly onProgress?: (done: number) => void
}

const MAX_GROWTH_BYTES = 300_000_000
const TOKEN = 'a-token-of-some-length'

/**
 * Fuzzes both APIs of an upstream, with the credentials of the collection `north` among others. Afterwards, it must still
 * work, and the question to the collection `south` must be untouched.
 */
export async function fuzzUpstream({
  requests,
  seed,
  onProgress,
}: UpstreamFuzzOptions): Promise<UpstreamFuzzReport> {
  await using resources = new AsyncDisposableStack()
  const port = String(await freePort())
  const upstream = resources.use(
    await ServerProcess.start({
      url: `http://127.0.0.1:${port}`,
      args: [fileURLToPath(new URL('../../src/main.ts', import.meta.url)), 'serve'],
      env: { UPSTREAM_PORT: port, UPSTREAM_RATE_LIMIT: '0', UPSTREAM_ASKER_TOKEN: TOKEN },
      ready: 'upstream started',
    }),
  )
  const ask = async (path: string, body?: object) => {
    const response = await fetch(`${upstream.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const json: unknown = await response.json()
    if (!isJsonObject(json)) throw new Error(`${path} was answered ${response.status}`)
    return json
  }
  const add = async (name: string) => {
    const login = await ask('/api/v1/collections', { name })
    const credentials = `${String(login['username'])}:${String(login['password'])}`
    return {
      collection: String(login['collectionId']),
      password: String(login['password']),
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    }
  }
  const [north, south] = [await add('north'), await add('south')]
  const question = async (collection: string) =>
    String((await ask('/api/v1/questions', { ...MEN, collection }))['uuid'])
  const [forNorth, forSouth] = [await question(north.collection), await question(south.collection)]
  const { now: before } = await upstream.memory()

  const report = await fuzzHttp({
    url: upstream.url,
    requests,
    seed,
    target: {
      paths: [
        '/api/v1/task/nextjob/{collection}',
        '/link_connector_api/task/nextjob/{collection}.b',
        `/api/v1/task/result/${forNorth}/${north.collection}`,
        '/api/v1/task/result/{uuid}/{collection}',
        '/api/v1/questions?wait={query}',
        '/api/v1/questions/{uuid}',
        '/api/v1/collections',
        '/readyz',
      ],
      values: [forNorth, forSouth, north.collection, north.collection, south.collection],
      credentials: [north.authorization, north.authorization, `Bearer ${TOKEN}x`],
      bodies: [
        serializeResult(countResult({ uuid: forNorth, collection: north.collection }, 40)),
        JSON.stringify({ ...MEN, collection: south.collection }),
        JSON.stringify({ name: 'east' }),
      ],
    },
    secrets: [forSouth, north.password, south.password, TOKEN],
    ...(onProgress === undefined ? {} : { onProgress }),
  })

  const damage: string[] = []
  const alive = await fetch(`${upstream.url}/livez`)
  if (alive.status !== 200) damage.push(`/livez is answered ${alive.status}`)
  for (const failure of upstream.logged('request failed')) damage.push(JSON.stringify(failure))
  const { peak } = await upstream.memory()
  if (peak - before > MAX_GROWTH_BYTES) damage.push(`${peak - before} bytes of memory were used`)
  const { state } = await ask(`/api/v1/questions/${forSouth}`)
  // Its deadline may pass during a long run.
  if (state !== 'queued' && state !== 'timed-out')
    damage.push(`the question to south is ${String(state)}`)
  const { collections } = await ask('/api/v1/collections')
  if (!Array.isArray(collections) || collections.length !== 2) damage.push('a collection was added')
  return { ...report, damage }
}
