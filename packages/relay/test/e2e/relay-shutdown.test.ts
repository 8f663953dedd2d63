import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { RawClient, type ServerProcess, until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BareNode, nodeResult } from '../harness/bare-client.ts'
import { startRelayProcess } from '../harness/relay-process.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { openSqlite } from '../harness/test-relay.ts'

const USER = { username: 'site_a', password: 'geheim12', collectionId: crypto.randomUUID() }

describe('a relay that receives SIGTERM', () => {
  let resources: AsyncDisposableStack
  let upstream: ScriptedUpstream
  let relay: ServerProcess
  let node: BareNode

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    const store = resources.use(await openSqlite())
    upstream = resources.use(await ScriptedUpstream.start())
    relay = resources.use(
      await startRelayProcess({
        RELAY_STORE: store.url,
        RELAY_KEEP_ALIVE: '60s',
        DownstreamUsers__site_a__Password: USER.password,
        DownstreamUsers__site_a__SubNode: USER.collectionId,
        ...upstream.env(),
      }),
    )
    node = new BareNode(relay.url, USER)
  })
  afterEach(() => resources.disposeAsync())

  const open = () => resources.use(new RawClient(relay.url))
  const head = (line: string, ...headers: string[]) =>
    [line, 'Host: relay', `Authorization: ${node.headers['Authorization']}`, ...headers].join(
      '\r\n',
    ) + '\r\n\r\n'
  const handOut = (more: object = {}) => {
    upstream.handOut({ ...availabilityTask('RQ-CC-EXAMPLE'), ...more })
  }
  const beginUpload = (uuid: string, length: number) =>
    open().send(
      head(
        `POST /link_connector_api/task/result/${uuid}/${USER.collectionId} HTTP/1.1`,
        'Content-Type: application/json',
        `Content-Length: ${length}`,
      ),
    )
  const stop = (): number => {
    relay.process.kill('SIGTERM')
    return performance.now()
  }

  it('finishes an upload, closes its connection, and exits at once', async () => {
    handOut()
    const task = await node.nextTask()
    const body = JSON.stringify(nodeResult(task, 40))
    const upload = beginUpload(task.uuid, body.length).send(body.slice(0, 10))
    const idle = open().send(head('GET /livez HTTP/1.1'))
    expect(await idle.status()).toBe(200)
    const silent = [open(), open().send('GET /livez HTTP/1.1\r\n')]
    await delay(300)
    stop()
    await until(() => idle.closed && silent.every(({ closed }) => closed))
    await delay(1_000)
    upload.send(body.slice(10))
    expect(await upload.status()).toBe(200)
    const answered = performance.now()
    expect(upload.received.toLowerCase()).toContain('connection: close')
    expect(await relay.ended).toEqual({ code: null, signal: 'SIGTERM' })
    // On an idle machine 100 ms.
    expect(performance.now() - answered).toBeLessThan(5_000)
    expect(relay.stderr).not.toContain('did not stop in time')
  })

  it('answers held polls, and closes their connections', async () => {
    await node.poll()
    const held = open().send(
      head(`GET /link_connector_api/task/nextjob/${USER.collectionId} HTTP/1.1`, 'Prefer: wait=20'),
    )
    await delay(300)
    const stopped = stop()
    expect(await held.status()).toBe(204)
    expect(held.received.toLowerCase()).toContain('connection: close')
    await relay.ended
    expect(performance.now() - stopped).toBeLessThan(8_000)
  })

  it('exits in time if an upload does not end and a client does not read its task', async () => {
    handOut()
    const { uuid } = await node.nextTask()
    handOut({ filler: 'x'.repeat(9_000_000) })
    const deaf = open()
    await once(deaf.socket, 'connect')
    deaf.socket.pause()
    deaf.send(
      head(`GET /link_connector_api/task/nextjob/${USER.collectionId} HTTP/1.1`, 'Prefer: wait=20'),
    )
    await until(() => relay.stderr.split('task handed out').length === 3)
    const upload = beginUpload(uuid, 20_000_000).send('{')
    const drip = setInterval(() => upload.send(' '.repeat(20_000)), 200)
    resources.defer(() => clearInterval(drip))
    await delay(500)
    const stopped = stop()
    expect(await relay.ended).toEqual({ code: null, signal: 'SIGTERM' })
    expect(performance.now() - stopped).toBeLessThan(15_000)
    expect(relay.stderr).not.toContain('did not stop in time')
  })
})
