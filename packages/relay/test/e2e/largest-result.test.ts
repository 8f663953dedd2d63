import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BareNode, nodeResult, type ServedTask } from '../harness/bare-client.ts'
import { RelayProcess } from '../harness/relay-process.ts'
import { measureResponsiveness } from '../harness/responsiveness.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { openSqlite } from '../harness/test-relay.ts'

const MB = 1_000_000
const LARGEST = 30 * MB
const MAX_GROWTH = 300 * MB
const MAX_PROBE_MS = 250
// Other processes of the machine slow probes down too. A relay that is blocked is slow at every attempt.
const MAX_ATTEMPTS = 8

describe('a result of the largest size', () => {
  const resources = new AsyncDisposableStack()
  let upstream: ScriptedUpstream
  let relay: RelayProcess
  let node: BareNode
  let idleBytes: number

  beforeAll(async () => {
    const store = resources.use(await openSqlite())
    upstream = resources.use(await ScriptedUpstream.start())
    const user = { username: 'site-a', password: 'geheim12', collectionId: crypto.randomUUID() }
    relay = resources.use(
      await RelayProcess.start({
        RELAY_STORE: store.url,
        DownstreamUsers__site_a__Password: user.password,
        DownstreamUsers__site_a__SubNode: user.collectionId,
        // A node that never answers: the task stays open, and its results are not combined.
        DownstreamUsers__site_b__Password: user.password,
        DownstreamUsers__site_b__SubNode: crypto.randomUUID(),
        ...upstream.env(),
      }),
    )
    node = new BareNode(relay.url, { ...user, username: 'site_a' })
    for (let polls = 0; polls < 50; polls++) await node.poll()
    idleBytes = (await relay.memory()).now
  })
  afterAll(() => resources.disposeAsync())

  const withFiles = (task: ServedTask, files: string) =>
    JSON.stringify(nodeResult(task, 40)).replace('"files":[]', `"files":[${files}]`)
  const file = (data: string) => `{"file_name":"a","file_data":"${data}"}`
  const fill = (unit: string, bytes = LARGEST - 2_000) =>
    unit.repeat(Math.floor(bytes / Buffer.byteLength(unit)))

  it.each<[string, (task: ServedTask) => string, number]>([
    ['one file', (task) => withFiles(task, file(fill('A'))), 200],
    ['one file of escaped characters', (task) => withFiles(task, file(fill(String.raw`\n`))), 200],
    ['one file of escaped quotes', (task) => withFiles(task, file(fill(String.raw`\"`))), 200],
    ['one file of escaped Unicode', (task) => withFiles(task, file(fill(String.raw`\u00e9`))), 200],
    ['one file in two-byte characters', (task) => withFiles(task, file(fill('é'))), 200],
    ['one file in three-byte characters', (task) => withFiles(task, file(fill('漢'))), 200],
    ['one file with one emoji', (task) => withFiles(task, file(`😀${fill('A')}`)), 200],
    [
      'a thousand files',
      (task) =>
        withFiles(
          task,
          Array(1_000)
            .fill(file(fill('A', 29_900)))
            .join(),
        ),
      200,
    ],
    ['whitespace', (task) => fill(' ') + JSON.stringify(nodeResult(task, 40)), 200],
    [
      'one unknown member',
      (task) => JSON.stringify({ ...nodeResult(task, 40), [fill('x')]: 1 }),
      200,
    ],
    ['one message', (task) => JSON.stringify({ ...nodeResult(task, 40), message: fill('x') }), 200],
    ['numbers', (task) => withFiles(task, `${fill('0,')}0`), 400],
    ['empty objects', (task) => withFiles(task, `${fill('{},')}{}`), 400],
    ['empty strings', (task) => withFiles(task, `${fill('"",')}""`), 400],
    ['nested arrays', () => fill('['), 400],
    ['nested objects', () => fill('{"a":'), 400],
    ['members', () => `{${fill('"a":1,')}"a":1}`, 400],
    ['one string', () => `"${fill('A')}"`, 400],
    ['digits', () => fill('9'), 400],
    ['quotes', () => fill('"'), 400],
  ])('with %s keeps the relay responsive and small', async (_, build, status) => {
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    const task = await node.nextTask()
    const body = Buffer.from(build(task))
    expect(body.length).toBeGreaterThan(29 * MB)
    let slowest = Number.POSITIVE_INFINITY
    for (let attempt = 1; attempt <= MAX_ATTEMPTS && slowest >= MAX_PROBE_MS; attempt++) {
      const response = node.postText(task.uuid, body)
      const { slowestMs, failures } = await measureResponsiveness(relay.url, response)
      expect((await response).status).toBe(status)
      expect(failures).toBe(0)
      slowest = Math.min(slowest, slowestMs)
    }
    expect(slowest).toBeLessThan(MAX_PROBE_MS)
    expect((await relay.memory()).peak - idleBytes).toBeLessThan(MAX_GROWTH)
  })
})
