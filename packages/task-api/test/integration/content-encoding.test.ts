import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { clientFor, errorOf, httpServer } from './loopback-server.ts'

const TASK = { uuid: '86', owner: 'user1', cohort: { groups_oper: 'AND', groups: [] } }
const JSON_TEXT = JSON.stringify(TASK)

/** A proxy that compresses every response, although the client asks for none to be compressed. */
async function compressing(encoding: string, body: Buffer, status = 200): Promise<string> {
  const { host } = await httpServer((_, response) => {
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-encoding': encoding,
      'content-length': body.length,
    })
    response.end(body)
  })
  return `http://${host}`
}

describe('a response that is compressed without being asked for', () => {
  it.each([
    ['gzip', gzipSync(JSON_TEXT)],
    ['x-gzip', gzipSync(JSON_TEXT)],
    ['GZIP', gzipSync(JSON_TEXT)],
    ['deflate', deflateSync(JSON_TEXT)],
    ['deflate', deflateRawSync(JSON_TEXT)],
    ['br', brotliCompressSync(JSON_TEXT)],
    ['identity', Buffer.from(JSON_TEXT)],
    ['', Buffer.from(JSON_TEXT)],
  ])('is decoded: "%s"', async (encoding, body) => {
    const next = await clientFor(await compressing(encoding, body)).nextTask()
    expect(next?.body).toEqual(TASK)
  })

  it.each(['zstd', 'compress', 'gzip, gzip', 'x\u00A0y'])(
    'fails with the name of an unknown encoding: %s',
    async (encoding) => {
      const error = await errorOf(
        clientFor(await compressing(encoding, gzipSync(JSON_TEXT))).nextTask(),
      )
      expect(error).toMatchObject({
        kind: 'invalid-response',
        code: 'CONTENT_ENCODING',
        status: 200,
        retryable: true,
      })
      expect(error.message).toContain(`"${encoding.replace('\u00A0', '?')}"`)
    },
  )

  it.each(['gzip', 'deflate', 'br'])('fails if it is not valid %s', async (encoding) => {
    const error = await errorOf(
      clientFor(await compressing(encoding, Buffer.from(JSON_TEXT))).nextTask(),
    )
    expect(error).toMatchObject({ kind: 'invalid-response', code: 'CONTENT_ENCODING' })
    expect(error.message).toContain(encoding)
  })

  it('fails if it is cut off', async () => {
    const whole = gzipSync(JSON_TEXT)
    const base = await compressing('gzip', whole.subarray(0, whole.length - 12))
    expect(await errorOf(clientFor(base).nextTask())).toMatchObject({ code: 'CONTENT_ENCODING' })
  })

  it('is bounded by its decoded size, whatever its compressed size', async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000, ' '))
    expect(bomb.length).toBeLessThan(250_000)
    const base = await compressing('gzip', bomb)
    const before = process.memoryUsage().rss
    const error = await errorOf(clientFor(base, { maxResponseBytes: 1_000_000 }).nextTask())
    expect(error).toMatchObject({ kind: 'invalid-response', code: 'RESPONSE_TOO_LARGE' })
    expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000)
  })

  it('still gives the reason of an error', async () => {
    const body = gzipSync(JSON.stringify({ message: 'the node is paused' }))
    const error = await errorOf(clientFor(await compressing('gzip', body, 403)).nextTask())
    expect(error).toMatchObject({ kind: 'authentication', code: 'HTTP_403' })
    expect(error.message).toContain('the node is paused')
  })

  it('does not hide the status of an error if it cannot be decoded', async () => {
    for (const [encoding, body] of [
      ['zstd', Buffer.from('x')],
      ['gzip', Buffer.from('x')],
      ['gzip', gzipSync(Buffer.alloc(1_000_000, ' '))],
    ] as const) {
      const base = await compressing(encoding, body, 503)
      expect(await errorOf(clientFor(base).nextTask())).toMatchObject({ code: 'HTTP_503' })
    }
  })
})
