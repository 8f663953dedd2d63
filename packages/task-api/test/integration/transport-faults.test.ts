import { setTimeout as pause } from 'node:timers/promises'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type Exchange, countResult } from '../../src/index.ts'
import {
  PASSWORD,
  clientFor,
  closedPort,
  errorOf,
  httpServer,
  tcpServer,
} from './loopback-server.ts'

const RESULT = countResult({ uuid: 'u', collection: 'c' }, 44)
const BASIC = Buffer.from(`user:${PASSWORD}`).toString('base64')
const FIFTY_MB = 50 * 1024 * 1024

/** Everything that can be printed of a value, with hidden members and causes. */
function everything(value: unknown): string {
  return inspect(value, { depth: 8, showHidden: true }) + JSON.stringify(value)
}

describe('unreachable server', () => {
  it('without an address: error code of the DNS lookup', async () => {
    const error = await errorOf(clientFor('http://warren.invalid').nextTask())
    expect(error).toMatchObject({ kind: 'transport', retryable: true })
    expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(error.code)
    expect(error.message).toBe('cannot resolve the host name of warren.invalid')
  })

  it('without a listener: ECONNREFUSED', async () => {
    const host = await closedPort()
    const error = await errorOf(clientFor(`http://${host}`).nextTask())
    expect(error).toMatchObject({ kind: 'transport', code: 'ECONNREFUSED', retryable: true })
    expect(error.message).toBe(`${host} refused the connection`)
    expect(error.cause).toBeInstanceOf(Error)
  })

  it('that never completes the connection: CONNECT_TIMEOUT', async () => {
    const host = await tcpServer(() => {})
    const client = clientFor(`https://${host}`, { connectTimeoutMs: 200 })
    expect(await errorOf(client.nextTask())).toMatchObject({
      kind: 'transport',
      code: 'CONNECT_TIMEOUT',
    })
  })
})

describe('slow server', () => {
  const shortTimeouts = { connectTimeoutMs: 100, requestTimeoutMs: 300 }

  it('that never responds: READ_TIMEOUT', async () => {
    const { host } = await httpServer(() => {})
    const client = clientFor(`http://${host}`, shortTimeouts)
    for (const work of [client.nextTask(), client.submitResult(RESULT)]) {
      expect(await errorOf(work)).toMatchObject({ kind: 'transport', code: 'READ_TIMEOUT' })
    }
  })

  it('that sends its response byte by byte: READ_TIMEOUT', async () => {
    const { host } = await httpServer((_, response) => {
      response.writeHead(200)
      const drip = setInterval(() => response.write(' '), 50)
      response.on('close', () => clearInterval(drip))
    })
    const error = await errorOf(clientFor(`http://${host}`, shortTimeouts).nextTask())
    expect(error).toMatchObject({ kind: 'transport', code: 'READ_TIMEOUT' })
  })

  it('that holds the poll: gets a longer timeout', async () => {
    const { host } = await httpServer((_, response) => {
      setTimeout(() => response.writeHead(204).end(), 800)
    })
    const client = clientFor(`http://${host}`, shortTimeouts)
    expect(await client.nextTask({ waitSeconds: 2 })).toBeNull()
  })
})

describe('broken connection', () => {
  it('before the response: ECONNRESET', async () => {
    const { host } = await httpServer((request) => request.socket.destroy())
    const error = await errorOf(clientFor(`http://${host}`).nextTask())
    expect(error).toMatchObject({ kind: 'transport', code: 'ECONNRESET', retryable: true })
  })

  it('in the middle of a task: ECONNRESET', async () => {
    const { host } = await httpServer((request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{"uuid":')
      setTimeout(() => request.socket.destroy(), 20)
    })
    const error = await errorOf(clientFor(`http://${host}`).nextTask())
    expect(error).toMatchObject({ kind: 'transport', code: 'ECONNRESET' })
  })

  it('after the status of a submission: accepted', async () => {
    const { host } = await httpServer((request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('Job sav')
      setTimeout(() => request.socket.destroy(), 20)
    })
    expect(await clientFor(`http://${host}`).submitResult(RESULT)).toBe('accepted')
  })

  it('that stays half-open: one timeout, then a new connection', async () => {
    let connections = 0
    const host = await tcpServer((socket) => {
      const number = ++connections
      let answered = 0
      socket.on('data', () => {
        // The first connection answers once and ignores every later request.
        if (number === 1 && answered++ > 0) return
        socket.write('HTTP/1.1 204 No Content\r\nconnection: keep-alive\r\n\r\n')
      })
    })
    const client = clientFor(`http://${host}`, { connectTimeoutMs: 100, requestTimeoutMs: 300 })
    expect(await client.nextTask()).toBeNull()
    await pause(20)
    expect(await errorOf(client.nextTask())).toMatchObject({ code: 'READ_TIMEOUT' })
    expect(await client.nextTask()).toBeNull()
    expect(connections).toBe(2)
  })
})

describe('server that violates the protocol', () => {
  it.each(['SSH-2.0-OpenSSH_9.6\r\n', '\u0000\u00ff\u0001garbage\n\n\n', 'HTTP/9 what\r\n\r\n'])(
    'sends %j: NOT_HTTP',
    async (greeting) => {
      const host = await tcpServer((socket) => socket.end(greeting, 'latin1'))
      const error = await errorOf(clientFor(`http://${host}`).nextTask())
      expect(error).toMatchObject({ kind: 'invalid-response', code: 'NOT_HTTP' })
      expect(everything(error.cause)).not.toContain(greeting.slice(0, 6))
    },
  )

  it.each(['announced', 'chunked'])('sends 50 MB, %s: stops at the limit', async (how) => {
    let sent = 0
    const { host } = await httpServer((_, response) => {
      response.writeHead(200, how === 'announced' ? { 'content-length': FIFTY_MB } : {})
      const piece = Buffer.alloc(64 * 1024, ' ')
      const pump = () => {
        while (sent < FIFTY_MB && !response.destroyed) {
          sent += piece.length
          if (!response.write(piece)) {
            response.once('drain', pump)
            return
          }
        }
        response.end()
      }
      pump()
    })
    const client = clientFor(`http://${host}`, { maxResponseBytes: 1024 * 1024 })
    expect(await errorOf(client.nextTask())).toMatchObject({
      kind: 'invalid-response',
      code: 'RESPONSE_TOO_LARGE',
      status: 200,
    })
    expect(sent).toBeLessThan(FIFTY_MB / 2)
  })

  it('sends 50 MB with an error: the status still determines the kind', async () => {
    const { host } = await httpServer((_, response) => {
      response.writeHead(401).end(Buffer.alloc(FIFTY_MB, ' '))
    })
    const error = await errorOf(clientFor(`http://${host}`).nextTask())
    expect(error).toMatchObject({ kind: 'authentication', code: 'HTTP_401' })
  })
})

describe('aborting', () => {
  it('rejects with the reason of the signal, and is not a failure of the server', async () => {
    const { host } = await httpServer(() => {})
    const exchanges: Exchange[] = []
    const client = clientFor(`http://${host}`, {
      onExchange: (exchange) => exchanges.push(exchange),
    })
    const stop = new AbortController()
    const reason = new Error('shutting down')
    const polling = client.nextTask({ waitSeconds: 25, signal: stop.signal })
    setTimeout(() => stop.abort(reason), 50)
    await expect(polling).rejects.toBe(reason)
    expect(exchanges).toHaveLength(1)
    expect(exchanges[0]).not.toHaveProperty('error')
    expect(exchanges[0]).not.toHaveProperty('status')
  })

  it('sends nothing if the signal was aborted before', async () => {
    let requests = 0
    const { host } = await httpServer((_, response) => {
      requests++
      response.writeHead(204).end()
    })
    const signal = AbortSignal.abort()
    await expect(clientFor(`http://${host}`).nextTask({ signal })).rejects.toBe(signal.reason)
    expect(requests).toBe(0)
  })

  it('happens to running requests when the client is disposed', async () => {
    const { host } = await httpServer(() => {})
    const client = clientFor(`http://${host}`)
    const failing = errorOf(client.nextTask({ waitSeconds: 25 }))
    await pause(50)
    await client[Symbol.asyncDispose]()
    expect(await failing).toMatchObject({ code: 'CLIENT_CLOSED', retryable: false })
  })
})

describe('credentials', () => {
  it('are in no error and in no visible member of the client', async () => {
    const { host } = await httpServer((request, response) => {
      if (request.url?.endsWith('.a') === true) request.socket.destroy()
      else response.writeHead(401).end(JSON.stringify({ message: request.headers.authorization }))
    })
    const client = clientFor(`http://${host}`)
    const seen = [
      everything(client),
      everything(await errorOf(client.nextTask({ type: 'a' }))),
      everything(await errorOf(client.nextTask({ type: 'b' }))),
      everything(await errorOf(client.submitResult(RESULT))),
      everything(await errorOf(clientFor(`http://${await closedPort()}`).nextTask())),
    ].join('\n')
    expect(seen).not.toContain(PASSWORD)
    expect(seen).not.toContain(BASIC)
    expect(Object.keys(client)).toEqual([])
  })
})
