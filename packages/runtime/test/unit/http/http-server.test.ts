import { once } from 'node:events'
import type { RequestListener, Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'

import { createHttpServer, type HttpServerOptions } from '../../../src/http.ts'

const TIMING = {
  headersMs: 300,
  checkMs: 50,
  pace: { pauseMs: 300, bytesPerSecond: 100_000_000 },
}
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

class Client {
  readonly socket: Socket
  received = ''

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (data: Buffer) => (this.received += data.toString('latin1')))
    socket.on('error', () => {})
  }

  get closed(): boolean {
    return this.socket.destroyed
  }

  /** Resolves once the server has closed the connection. */
  async end(): Promise<void> {
    // Not `once(…)`, which rejects with the error of a socket that is reset while this test writes to it.
    const closed = new Promise<'closed'>((resolve) => {
      if (this.socket.destroyed) resolve('closed')
      else this.socket.once('close', () => resolve('closed'))
    })
    const waiting = new AbortController()
    const late = delay(20_000, 'still open', { signal: waiting.signal }).catch(() => 'closed')
    expect(await Promise.race([closed, late])).toBe('closed')
    waiting.abort()
  }

  async get(): Promise<string> {
    const before = this.received.length
    this.socket.write(GET)
    await once(this.socket, 'data', { signal: AbortSignal.timeout(20_000) })
    return this.received.slice(before)
  }
}

describe('an HTTP server', () => {
  let resources = new DisposableStack()
  const limits: string[] = []
  let held: (() => void)[] = []
  afterEach(() => {
    resources.dispose()
    resources = new DisposableStack()
    limits.length = 0
    held = []
  })

  const answer: RequestListener = (_request, response) => void response.end('ok')
  /** Holds every request until the test releases it. */
  const hold: RequestListener = (_request, response) => {
    held.push(() => response.end('ok'))
  }

  const start = async (
    handle: RequestListener,
    options: Partial<HttpServerOptions> = {},
  ): Promise<Server> => {
    const server = createHttpServer(handle, {
      maxConnections: 1_000,
      keepAliveMs: 5_000,
      requestMs: 60_000,
      timing: TIMING,
      onLimit: (reason) => limits.push(reason),
      ...options,
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    resources.defer(() => {
      server.closeAllConnections()
      server.close()
    })
    return server
  }
  const open = async (server: Server, localAddress = '127.0.0.1'): Promise<Client> => {
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const socket = connect({ host: '127.0.0.1', port, localAddress })
    resources.defer(() => socket.destroy())
    const client = new Client(socket)
    await once(socket, 'connect')
    // The server has accepted the connection as well.
    await delay(10)
    return client
  }

  it.each([
    ['nothing', ''],
    ['half a request line', 'GET /'],
    ['headers without an end', 'GET / HTTP/1.1\r\nHost: x\r\n'],
  ])('closes a connection that sends %s', async (_, text) => {
    const client = await open(await start(answer))
    client.socket.write(text)
    const drip = setInterval(() => client.socket.write(text === '' ? '' : 'x'), 100)
    await client.end()
    clearInterval(drip)
  })

  it('keeps a connection between two requests, for longer than headers may take', async () => {
    const client = await open(await start(answer))
    expect(await client.get()).toContain('200 OK')
    await delay(700)
    expect(await client.get()).toContain('200 OK')
  })

  it('closes a connection that is idle for too long', async () => {
    const client = await open(await start(answer, { keepAliveMs: 300 }))
    expect(await client.get()).toContain('200 OK')
    await client.end()
  })

  it('holds a request for as long as it takes', async () => {
    const client = await open(await start(hold, { keepAliveMs: 300 }))
    const response = client.get()
    await delay(1_500)
    held.forEach((release) => release())
    expect(await response).toContain('200 OK')
  })

  it('closes the connection that has been idle longest for a new one, but none that is held', async () => {
    const server = await start(
      (request, response) => (request.url === '/held' ? hold : answer)(request, response),
      { maxConnections: 4, isShared: () => true },
    )
    const holding = await open(server)
    holding.socket.write('GET /held HTTP/1.1\r\nHost: x\r\n\r\n')
    const idle = [await open(server), await open(server), await open(server)]
    // Makes the first one the most recently used.
    await idle[0]?.get()
    const next = await open(server)
    expect(await next.get()).toContain('200 OK')
    await idle[1]?.end()
    expect([holding, ...idle].map((client) => client.closed)).toEqual([false, false, true, false])
    held.forEach((release) => release())
    await once(holding.socket, 'data')
    expect(holding.received).toContain('200 OK')
    expect(limits).toEqual(['total'])
  })

  it('rejects a new connection if every other one is in use', async () => {
    const server = await start(hold, { maxConnections: 3, isShared: () => true })
    const holding = [await open(server), await open(server), await open(server)]
    for (const client of holding) client.socket.write(GET)
    await delay(100)
    const rejected = await open(server)
    await rejected.end()
    expect(holding.map((client) => client.closed)).toEqual([false, false, false])
  })

  it('gives one address half of the connections, and the other half to the others', async () => {
    const server = await start(answer, { maxConnections: 8 })
    const greedy: Client[] = []
    for (let i = 0; i < 10; i++) greedy.push(await open(server, '127.0.0.2'))
    await delay(100)
    expect(greedy.filter((client) => !client.closed)).toHaveLength(4)
    // The most recent ones.
    expect(greedy.at(-1)?.closed).toBe(false)
    const others = [await open(server, '127.0.0.3'), await open(server, '127.0.0.4')]
    for (const client of others) expect(await client.get()).toContain('200 OK')
    expect(new Set(limits)).toEqual(new Set(['address']))
  })

  it('gives all connections to an address that stands for many clients', async () => {
    const server = await start(answer, { maxConnections: 8, isShared: (ip) => ip === '127.0.0.2' })
    const clients: Client[] = []
    for (let i = 0; i < 8; i++) clients.push(await open(server, '127.0.0.2'))
    await delay(50)
    expect(clients.filter((client) => client.closed)).toEqual([])
  })

  it('closes a connection that sends many requests without waiting for a response', async () => {
    const client = await open(await start(hold))
    client.socket.write(GET.repeat(500))
    await client.end()
    expect(held.length).toBeLessThan(20)
    expect(limits).toEqual(['pipelining'])
  })

  it('closes a connection whose client does not read its response', async () => {
    const server = await start((_request, response) => response.end(Buffer.alloc(30_000_000)), {
      keepAliveMs: 60_000,
    })
    const client = await open(server)
    client.socket.pause()
    client.socket.write(GET)
    await expect.poll(() => limits, { timeout: 20_000 }).toEqual(['stalled'])
  })

  it('closes a connection that goes on sending a body after the response', async () => {
    const client = await open(await start(answer, { keepAliveMs: 300 }))
    client.socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n')
    const drip = setInterval(() => client.socket.write('x'), 50)
    await client.end()
    clearInterval(drip)
    expect(client.received).toContain('200 OK')
  })
})
