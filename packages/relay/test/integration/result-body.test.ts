import { connect, type Socket } from 'node:net'
import { until } from '@warren/testkit'
import { type FastifyInstance, fastify } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toApiError, sendError } from '../../src/http/error-response.ts'
import { acceptResultBodies } from '../../src/http/result-body.ts'
import { bareRequest } from '../harness/bare-client.ts'

describe('the limit for all results together', () => {
  let app: FastifyInstance
  let url: string
  let stored: PromiseWithResolvers<void>
  let arrived: number

  beforeEach(async () => {
    app = fastify({ forceCloseConnections: true })
    acceptResultBodies(app, { maxBytes: 1_000, maxTotalBytes: 1_500, idleMs: 300 })
    app.setErrorHandler((error, request, reply) => sendError(toApiError(error), request, reply))
    stored = Promise.withResolvers()
    arrived = 0
    app.post('/result', async () => {
      arrived += 1
      await stored.promise
      return 'saved'
    })
    url = await app.listen({ host: '127.0.0.1', port: 0 })
  })
  afterEach(() => app.close())

  const post = (bytes: number) =>
    bareRequest(`${url}/result`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Content-Length': String(bytes) },
      body: JSON.stringify('x'.repeat(bytes - 2)),
    })

  /** Sends the beginning of a body, then nothing more, and does not close the connection. */
  const sendHalf = (): Socket => {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port) })
    socket.write(
      'POST /result HTTP/1.1\r\nHost: relay\r\nContent-Type: application/json\r\n' +
        `Content-Length: 1000\r\n\r\n"${'x'.repeat(900)}`,
    )
    return socket
  }

  it('no longer counts a result whose client stopped sending', async () => {
    using sockets = new DisposableStack()
    let received = ''
    sockets
      .adopt(sendHalf(), (socket) => socket.destroy())
      .on('data', (data: Buffer) => {
        received += data.toString()
      })
    stored.resolve()
    expect(await until(async () => (await post(900)).status === 503)).toBe(true)
    expect(await until(async () => (await post(900)).status === 200)).toBe(true)
    expect(received).toMatch(/^HTTP\/1\.1 400 .*The body stopped arriving/s)
  })

  it('counts a result until it is stored', async () => {
    const first = post(900)
    await until(() => arrived === 1)
    expect((await post(900)).status).toBe(503)
    stored.resolve()
    expect((await first).status).toBe(200)
    expect((await post(900)).status).toBe(200)
  })
})
