import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { FaultProxy, until } from '../../src/index.ts'

/** Returns all data in upper case, and records closed connections. */
class UpperCaseServer {
  readonly sockets: Socket[] = []
  readonly ended: Socket[] = []
  readonly #server: Server

  private constructor() {
    this.#server = createServer((socket) => {
      this.sockets.push(socket)
      socket.on('data', (data: Buffer) => socket.write(data.toString().toUpperCase()))
      socket.on('error', () => {})
      socket.on('close', () => this.ended.push(socket))
    })
  }

  static async start(): Promise<UpperCaseServer> {
    const server = new UpperCaseServer()
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    return `amqp://user@127.0.0.1:${address.port}/vhost`
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

class Client {
  readonly socket: Socket
  received = ''
  ended = false
  error: string | undefined

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('data', (data: Buffer) => {
      this.received += data.toString()
    })
    this.socket.on('end', () => {
      this.ended = true
    })
    this.socket.on('error', (error) => {
      this.error = 'code' in error ? String(error.code) : error.message
    })
  }

  async exchanges(text: string): Promise<void> {
    this.socket.write(text)
    await until(() => this.received.endsWith(text.toUpperCase()))
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('FaultProxy', () => {
  let server: UpperCaseServer
  let proxy: FaultProxy
  const clients: Client[] = []
  const newClient = (): Client => {
    const client = new Client(proxy.port)
    clients.push(client)
    return client
  }

  beforeEach(async () => {
    server = await UpperCaseServer.start()
    proxy = await FaultProxy.start(server.url)
  })

  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy()
    await proxy[Symbol.asyncDispose]()
    await server.close()
  })

  it('forwards in both directions and counts connections', async () => {
    const client = newClient()
    await client.exchanges('hello')
    expect([proxy.connections, proxy.accepted]).toEqual([1, 1])
  })

  it('gives the URL of the server with its own host and port', () => {
    expect(proxy.url(server.url)).toBe(`amqp://user@127.0.0.1:${proxy.port}/vhost`)
  })

  it('forwards a large amount of data completely', async () => {
    const client = newClient()
    const text = 'abcdefghij'.repeat(500_000)
    client.socket.write(text)
    await until(() => client.received.length === text.length)
    expect(client.received).toBe(text.toUpperCase())
  })

  it('forwards the end of either side', async () => {
    const leaving = newClient()
    await leaving.exchanges('a')
    leaving.socket.end()
    await until(() => server.ended.length === 1)

    const left = newClient()
    await left.exchanges('b')
    server.sockets[1]?.end()
    await until(() => left.ended)
    await until(() => proxy.connections === 0)
  })

  it('forwards nothing as a blackhole, and forwards the data afterwards', async () => {
    const client = newClient()
    await client.exchanges('one')
    proxy.blackhole()
    client.socket.write('two')
    await pause(100)
    expect(client.received).toBe('ONE')
    expect([client.ended, client.error, server.ended.length]).toEqual([false, undefined, 0])

    await proxy.forward()
    await until(() => client.received === 'ONETWO')
  })

  it('forwards the end of a client only after the blackhole has ended', async () => {
    const client = newClient()
    await client.exchanges('one')
    proxy.blackhole()
    client.socket.resetAndDestroy()
    await pause(100)
    expect(server.ended).toHaveLength(0)

    await proxy.forward()
    await until(() => server.ended.length === 1)
  })

  it('accepts a new connection as a blackhole, and serves it afterwards', async () => {
    proxy.blackhole()
    const client = newClient()
    await once(client.socket, 'connect')
    client.socket.write('hello')
    await pause(100)
    expect([client.received, server.sockets.length]).toEqual(['', 0])

    await proxy.forward()
    await until(() => client.received === 'HELLO')
  })

  it('resets open connections on both sides and forwards new ones', async () => {
    const client = newClient()
    await client.exchanges('one')
    proxy.reset()
    await until(() => client.error === 'ECONNRESET')
    await until(() => server.ended.length === 1)
    await newClient().exchanges('two')
  })

  it('connects new clients to another server, and leaves open connections', async () => {
    const other = await UpperCaseServer.start()
    const client = newClient()
    await client.exchanges('one')
    proxy.retarget(other.url)
    await newClient().exchanges('two')
    await client.exchanges('three')
    expect([server.sockets.length, other.sockets.length]).toEqual([1, 1])
    await other.close()
  })

  it('delays data and keeps its order', async () => {
    const client = newClient()
    await client.exchanges('one')
    proxy.delay(100)
    const start = performance.now()
    for (const text of ['two', 'three', 'four']) client.socket.write(text)
    await until(() => client.received === 'ONETWOTHREEFOUR')
    expect(performance.now() - start).toBeGreaterThan(190)

    await proxy.forward()
    await client.exchanges('five')
  })

  it('refuses connections and listens again on the same port', async () => {
    const { port } = proxy
    const open = newClient()
    await open.exchanges('one')
    await proxy.refuse()
    await until(() => open.error === 'ECONNRESET')
    const refused = newClient()
    await until(() => refused.error === 'ECONNREFUSED')

    await proxy.forward()
    expect(proxy.port).toBe(port)
    await newClient().exchanges('two')
  })

  it('resets its client if the server is not reachable', async () => {
    await server.close()
    const client = newClient()
    await until(() => client.error === 'ECONNRESET')
  })
})
