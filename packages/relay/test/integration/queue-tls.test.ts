import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { createVhost, describeRabbit, selfSignedCertificate, until } from '@warren/testkit'
import { expect, it } from 'vitest'

import { RabbitNodeQueue } from '../../src/queue/rabbit-node-queue.ts'
import { quietLog, sqliteBench } from './store-bench.ts'

/** A TLS server in front of a broker. */
async function startTls(target: URL, tls: { key: string; cert: string }) {
  const server = createServer(tls, (socket) => {
    const broker = connect(Number(target.port), target.hostname)
    socket.on('error', () => broker.destroy())
    broker.on('error', () => socket.destroy())
    socket.pipe(broker).pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describeRabbit('a broker whose certificate a private authority has signed', () => {
  it('is used with sslrootcert, and otherwise not trusted; a missing file is named', async () => {
    await using resources = new AsyncDisposableStack()
    const vhost = resources.use(await createVhost())
    const tls = selfSignedCertificate()
    const proxy = resources.use(await startTls(new URL(vhost.url), tls))
    const folder = await mkdtemp(join(tmpdir(), 'warren-broker-'))
    resources.defer(() => rm(folder, { recursive: true }))
    const file = join(folder, 'ca.pem')
    const stores = resources.use(await sqliteBench())
    const url = new URL(vhost.url.replace(/^amqp:/, 'amqps:'))
    url.hostname = '127.0.0.1'
    url.port = String(proxy.port)
    const open = (query: string) =>
      resources.use(
        new RabbitNodeQueue({ store: stores.open(), url: `${url.href}${query}`, log: quietLog() }),
      )

    const untrusted = open('')
    await until(() => untrusted.status().detail?.includes('certificate'))
    const withFile = open(`?sslrootcert=${encodeURIComponent(file)}`)
    await until(() => withFile.status().detail?.includes(`sslrootcert: ${file}`))
    // The file is read again at the next attempt.
    await writeFile(file, tls.cert)
    await until(() => withFile.status().available, { timeoutMs: 30_000 })
    await withFile.check()
    expect(untrusted.status().available).toBe(false)
  }, 90_000)
})
