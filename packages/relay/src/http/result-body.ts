import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ApiError } from './api-errors.ts'

export interface ResultBodyOptions {
  /** Largest body accepted, bytes. Counts the bytes received, not Content-Length. */
  readonly maxBytes: number
  /** Limit for all results that are being received or stored together, bytes. */
  readonly maxTotalBytes: number
  /** How long the rest of a body that is too large is read and discarded, ms. */
  readonly drainMs?: number
  /** How long a body may pause, ms. Without this, a dead connection would occupy its share of the limit forever. */
  readonly idleMs?: number
}

const JSON_TYPE = /^(?:application|text)\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i

/**
 * Parses JSON bodies, with one size limit per body and one for all together. A body counts until its request is
 * answered, so that results do not fill the memory while the database is slow.
 *
 * A body that is too large is read to its end and discarded before it is rejected. If the connection closed while
 * the client is still sending, the client would see a broken connection instead of the 413, and send it all again.
 */
export function acceptResultBodies(app: FastifyInstance, options: ResultBodyOptions): void {
  const { drainMs = 10_000, idleMs = 60_000 } = options
  const held = new WeakMap<FastifyRequest, number>()
  let heldBytes = 0
  const hold = (request: FastifyRequest, bytes: number): void => {
    heldBytes += bytes
    held.set(request, (held.get(request) ?? 0) + bytes)
  }
  const release = (request: FastifyRequest): void => {
    heldBytes -= held.get(request) ?? 0
    held.delete(request)
  }

  const parse = async (request: FastifyRequest, payload: IncomingMessage): Promise<unknown> => {
    const chunks: Buffer[] = []
    let rejection = rejectEncoding(request.headers['content-encoding'])
    await readToEnd(payload, { drainMs, idleMs }, (chunk) => {
      if (rejection !== undefined) return 'discard'
      hold(request, chunk.length)
      chunks.push(chunk)
      if ((held.get(request) ?? 0) > options.maxBytes) rejection = tooLarge(options.maxBytes)
      else if (heldBytes > options.maxTotalBytes) rejection = tooManyResults()
      if (rejection === undefined) return 'keep'
      release(request)
      chunks.length = 0
      return 'discard'
    })
    if (rejection !== undefined) throw rejection
    return parseJson(Buffer.concat(chunks).toString('utf8'))
  }

  app.addHook('preParsing', (request, reply, _payload, done) => {
    reply.raw.once('close', () => release(request))
    done()
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(JSON_TYPE, parse)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    // The parser's message quotes the body, and patient data must not appear in a response or a log.
    throw new ApiError('RELAY_MALFORMED_RESULT', {
      detail: text.trim() === '' ? 'The request has no body' : 'The body is not JSON',
    })
  }
}

function rejectEncoding(encoding: string | undefined): ApiError | undefined {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return undefined
  const detail = `Content-Encoding ${encoding.slice(0, 40)} is not supported`
  return new ApiError('RELAY_UNSUPPORTED_MEDIA_TYPE', { detail })
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError('RELAY_BODY_TOO_LARGE', {
    detail: `The result is larger than ${maxBytes} bytes`,
  })
}

function tooManyResults(): ApiError {
  const detail = 'Too many large results are being sent at once'
  return new ApiError('RELAY_BUSY', { detail, retryAfterSeconds: 5 })
}

/**
 * Passes every chunk to `take`. After the first discarded chunk, the rest of the body has `drainMs` to arrive; then
 * this resolves early, so that the response is sent and the connection is closed.
 */
function readToEnd(
  payload: IncomingMessage,
  { drainMs, idleMs }: { readonly drainMs: number; readonly idleMs: number },
  take: (chunk: Buffer) => 'keep' | 'discard',
): Promise<void> {
  return new Promise((resolve, reject) => {
    let draining: NodeJS.Timeout | undefined
    const settle = (done: () => void) => (): void => {
      clearTimeout(draining)
      clearTimeout(idle)
      payload.off('data', onData)
      done()
    }
    const onData = (chunk: Buffer): void => {
      idle.refresh()
      if (take(chunk) === 'keep' || draining !== undefined) return
      draining = setTimeout(settle(resolve), drainMs)
    }
    const failWith = (detail: string) => (): void =>
      reject(new ApiError('RELAY_BAD_REQUEST', { detail }))
    // A 400, because Fastify's own error would be a 500 and blame the relay in the log.
    const onLost = failWith('The connection was closed before the end of the body')
    const idle = setTimeout(settle(failWith('The body stopped arriving')), idleMs)
    // The client may have disconnected while its credentials were checked.
    if (payload.destroyed) {
      settle(onLost)()
      return
    }
    payload.on('data', onData)
    payload.once('end', settle(resolve))
    payload.once('error', settle(onLost))
    payload.once('close', settle(onLost))
  })
}
