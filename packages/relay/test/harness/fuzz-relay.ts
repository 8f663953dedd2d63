import { fuzzHttp, type FuzzReport } from '@warren/testkit'
import { BareNode, bareRequest, nodeResult, pythonHeaders } from './bare-client.ts'
import { availabilityTask, ScriptedUpstream } from './scripted-upstream.ts'
import { startRelayProcess } from './relay-process.ts'

export interface RelayFuzzReport extends FuzzReport {
  /** What is wrong with the relay afterwards. */
  readonly damage: readonly string[]
}

interface RelayFuzzOptions {
  readonly requests: number
  readonly seed: number
  readonly onProgress?: (done: number) => void
}

const MAX_GROWTH_BYTES = 300_000_000

const SITE_A = { username: 'site_a', password: 'a long secret', collectionId: crypto.randomUUID() }
const SITE_B = { username: 'site_b', password: 'another secret', collectionId: crypto.randomUUID() }

const declare = ({ username, password, collectionId }: typeof SITE_A) => ({
  [`DownstreamUsers__${username}__Password`]: password,
  [`DownstreamUsers__${username}__SubNode`]: collectionId,
})

/**
 * Fuzzes the HTTP API of a relay, with the credentials of site A among others. Afterwards, the relay must still work, and
 * the task of site B must be untouched.
 */
export async function fuzzRelay(
  storeUrl: string,
  { requests, seed, onProgress }: RelayFuzzOptions,
): Promise<RelayFuzzReport> {
  await using resources = new AsyncDisposableStack()
  const upstream = resources.use(await ScriptedUpstream.start())
  const relay = resources.use(
    await startRelayProcess({
      RELAY_STORE: storeUrl,
      RELAY_MAX_WAIT: '1s',
      // The task of site B stays open, however long the run takes.
      RELAY_AVAILABILITY_DEADLINE: '20h',
      RELAY_UPSTREAM_AVAILABILITY_DEADLINE: '22h',
      RELAY_SILENT_NODE_AFTER: '0',
      ...declare(SITE_A),
      ...declare(SITE_B),
      ...upstream.env(),
    }),
  )
  const [a, b] = [new BareNode(relay.url, SITE_A), new BareNode(relay.url, SITE_B)]
  upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
  const [forA, forB] = [await a.nextTask(), await b.nextTask()]
  const { now: before } = await relay.memory()

  const wrong = pythonHeaders(SITE_B.username, SITE_A.password)
  const report = await fuzzHttp({
    url: relay.url,
    requests,
    seed,
    target: {
      paths: [
        '/link_connector_api/task/nextjob/{collection}',
        '/link_connector_api/task/nextjob/{collection}.a',
        `/link_connector_api/task/result/${forA.uuid}/${a.collection}`,
        '/link_connector_api/task/result/{uuid}/{collection}',
        '/link_connector_api/task/result/{uuid}/{collection}/',
        '/metrics',
        '/healthz',
        '/readyz?{query}',
        '/version',
      ],
      values: [forA.uuid, forB.uuid, a.collection, a.collection, b.collection, `{${a.collection}}`],
      credentials: [a, a, { headers: wrong }].map(({ headers }) => headers['Authorization'] ?? ''),
      bodies: [
        JSON.stringify(nodeResult(forA, 40)),
        JSON.stringify(nodeResult(forB, 7777)),
        JSON.stringify({ ...nodeResult(forA, 40), status: 'error' }),
      ],
    },
    // Neither the task of site B, nor any password.
    secrets: [forB.uuid, SITE_A.password, SITE_B.password],
    ...(onProgress === undefined ? {} : { onProgress }),
  })

  const damage: string[] = []
  const alive = await bareRequest(`${relay.url}/livez`)
  if (alive.status !== 200) damage.push(`/livez is answered ${alive.status}`)
  for (const failure of relay.logged('request failed')) damage.push(JSON.stringify(failure))
  const { peak } = await relay.memory()
  if (peak - before > MAX_GROWTH_BYTES) damage.push(`${peak - before} bytes of memory were used`)
  if (relay.logged('task settled').length > 0) damage.push('the task was settled without site B')
  const late = await b.submit(forB, 1_000)
  if (late.status !== 200) damage.push(`the result of site B is answered ${late.status}`)
  if ((await a.poll()).status !== 204) damage.push('site A cannot poll')
  return { ...report, damage }
}
