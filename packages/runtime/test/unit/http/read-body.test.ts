import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { type BodyPace, readBody } from '../../../src/http/read-body.ts'

const PACE: BodyPace = { pauseMs: 2_000, bytesPerSecond: 1_000 }

describe('a body', () => {
  let server: Server
  let check: (chunk: Buffer) => void
  let resources: DisposableStack

  beforeEach(async () => {
    resources = new DisposableStack()
    check = () => {}
    server = createServer((request, response) => {
      readBody(request, { check: (chunk) => check(chunk), pace: PACE }).then(
        (body) => response.end(`read ${body.length} ${body.subarray(0, 3).toString()}`),
        (error: unknown) => response.writeHead(400).end(String(error)),
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => {
    resources.dispose()
    server.closeAllConnections()
    server.close()
  })

  const open = (headers: string): { socket: Socket; received: Promise<string> } => {
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const socket = resources.adopt(connect({ host: '127.0.0.1', port }), (one) => one.destroy())
    const received = new Promise<string>((resolve) => {
      socket.once('data', (data: Buffer) => resolve(data.toString()))
      socket.once('error', () => resolve('closed')).once('close', () => resolve('closed'))
    })
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`)
    return { socket, received }
  }

  it.each(['Content-Length: 9', 'Transfer-Encoding: chunked'])(
    'is read with %s',
    async (header) => {
      const { socket, received } = open(header)
      const chunked = header.startsWith('Transfer')
      for (const text of ['abc', 'def', 'ghi']) {
        socket.write(chunked ? `3\r\n${text}\r\n` : text)
        await delay(20)
      }
      if (chunked) socket.write('0\r\n\r\n')
      expect(await received).toContain('read 9 abc')
    },
  )

  it('is rejected once its client stops, even after sending nearly everything at once', async () => {
    const { socket, received } = open('Content-Length: 100001')
    socket.write(Buffer.alloc(100_000))
    const started = performance.now()
    expect(await received).toContain('too slowly')
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('is rejected if its bytes drip in, however regularly', async () => {
    const { socket, received } = open('Content-Length: 1000000')
    const started = performance.now()
    const drip = setInterval(() => socket.write('x'), 20)
    expect(await received).toContain('too slowly')
    clearInterval(drip)
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('may take as long as its size allows', async () => {
    const { socket, received } = open('Content-Length: 12000')
    const started = performance.now()
    for (let chunk = 0; chunk < 12; chunk++) {
      socket.write(Buffer.alloc(1_000))
      await delay(400)
    }
    expect(await received).toContain('read 12000')
    expect(performance.now() - started).toBeGreaterThan(PACE.pauseMs * 2)
  })

  it('is discarded after the check rejects it, and the connection stays open for the next request', async () => {
    check = () => {
      throw new Error('too much')
    }
    const { socket, received } = open('Content-Length: 2000000')
    socket.write(Buffer.alloc(1_000_000))
    expect(await received).toContain('too much')
    check = () => {}
    const next = new Promise<string>((resolve) => {
      socket.once('data', (data: Buffer) => resolve(data.toString()))
    })
    socket.write(Buffer.alloc(1_000_000))
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nxyz')
    expect(await next).toContain('read 3 xyz')
  })
})
