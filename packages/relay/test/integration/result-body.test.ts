import { connect, type Socket } from 'node:net'
import { until } from '@warren/testkit'
import { type FastifyInstance, fastify } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toApiError, sendError } from '../../src/http/error-response.ts'
import { acceptResultBodies } from '../../src/http/result-body.ts'
import { bareRequest } from '../harness/bare-client.ts'

describe('the room for results that are being sent', () => {
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

  /** Sends the beginning of a body, and then neither the rest nor a goodbye. */
  const fallSilent = (): Socket => {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port) })
    socket.write(
      'POST /result HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n' +
        `Content-Length: 1000\r\n\r\n"${'x'.repeat(900)}`,
    )
    return socket
  }

  it('is free again when a client fell silent in the middle', async () => {
    using sockets = new DisposableStack()
    let heard = ''
    sockets
      .adopt(fallSilent(), (socket) => socket.destroy())
      .on('data', (data: Buffer) => {
        heard += data.toString()
      })
    stored.resolve()
    expect(await until(async () => (await post(900)).status === 503)).toBe(true)
    expect(await until(async () => (await post(900)).status === 200)).toBe(true)
    expect(heard).toMatch(/^HTTP\/1\.1 400 .*The body stopped arriving/s)
  })

  it('is taken until a result is stored', async () => {
    const first = post(900)
    await until(() => arrived === 1)
    expect((await post(900)).status).toBe(503)
    stored.resolve()
    expect((await first).status).toBe(200)
    expect((await post(900)).status).toBe(200)
  })
})
