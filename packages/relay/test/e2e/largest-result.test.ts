import { LARGEST_BODIES, ResponsivenessProbe, type ServerProcess } from '@warren/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BareNode } from '../harness/bare-client.ts'
import { startRelayProcess } from '../harness/relay-process.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { openSqlite } from '../harness/test-relay.ts'

const MB = 1_000_000
const LARGEST = 30 * MB
// An idle machine needs less than 300 MB and 250 ms. A busy one, whose disk and memory are slow, keeps more bodies for longer.
const MAX_GROWTH = 600 * MB
const MAX_PROBE_MS = 1_000
// A relay that is blocked is slow at every attempt, other processes of the machine only at some.
const MAX_ATTEMPTS = 8

describe('a result of the largest size', () => {
  const resources = new AsyncDisposableStack()
  let upstream: ScriptedUpstream
  let relay: ServerProcess
  let node: BareNode
  let idleBytes: number
  let probe: ResponsivenessProbe

  beforeAll(async () => {
    const store = resources.use(await openSqlite())
    upstream = resources.use(await ScriptedUpstream.start())
    const user = { username: 'site_a', password: 'geheim12', collectionId: crypto.randomUUID() }
    relay = resources.use(
      await startRelayProcess({
        RELAY_STORE: store.url,
        DownstreamUsers__site_a__Password: user.password,
        DownstreamUsers__site_a__SubNode: user.collectionId,
        // A node that never answers: the task stays open, and its results are not combined.
        DownstreamUsers__site_b__Password: user.password,
        DownstreamUsers__site_b__SubNode: crypto.randomUUID(),
        ...upstream.env(),
      }),
    )
    node = new BareNode(relay.url, user)
    for (let polls = 0; polls < 50; polls++) await node.poll()
    probe = resources.use(await ResponsivenessProbe.start())
    idleBytes = (await relay.memory()).now
  })
  afterAll(() => resources.disposeAsync())

  it.each(LARGEST_BODIES)(
    'with $name keeps the relay responsive and small',
    async ({ build, isLegal }) => {
      upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
      const task = await node.nextTask()
      const body = build(LARGEST)
      expect(body.length).toBeGreaterThan(29 * MB)
      let slowest = Number.POSITIVE_INFINITY
      for (let attempt = 1; attempt <= MAX_ATTEMPTS && slowest >= MAX_PROBE_MS; attempt++) {
        const response = node.postText(task.uuid, body)
        const { slowestMs, bareMs, failures } = await probe.measure(relay.url, response)
        expect((await response).status).toBe(isLegal ? 200 : 400)
        expect(failures).toBe(0)
        slowest = Math.min(slowest, slowestMs - bareMs)
      }
      expect(slowest).toBeLessThan(MAX_PROBE_MS)
      expect((await relay.memory()).peak - idleBytes).toBeLessThan(MAX_GROWTH)
    },
  )
})
