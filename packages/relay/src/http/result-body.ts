import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ApiError } from './api-errors.ts'

export interface ResultBodyOptions {
  /** Largest body accepted, bytes, counted as they arrive and not as announced. */
  readonly maxBytes: number
  /** Bytes of all results that are being received or stored. */
  readonly maxTotalBytes: number
  /** How long the rest of a body that is too large is read and thrown away, ms. */
  readonly drainMs?: number
  /** How long a body may stand still, ms. A connection that died without a word would hold its share for ever. */
  readonly idleMs?: number
}

const JSON_TYPE = /^(?:application|text)\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i

/**
 * Reads JSON bodies with a bound for each and one for all. A body counts until its request is answered: a store that
 * is slow must not let results pile up in memory.
 *
 * A body that is too large is read to its end, and thrown away, before it is refused: a client that is still
 * writing when the connection closes never sees the 413 but a broken connection, and sends it all again.
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
    let refusal = refusedEncoding(request.headers['content-encoding'])
    await readToEnd(payload, { drainMs, idleMs }, (chunk) => {
      if (refusal !== undefined) return 'discard'
      hold(request, chunk.length)
      chunks.push(chunk)
      if ((held.get(request) ?? 0) > options.maxBytes) refusal = tooLarge(options.maxBytes)
      else if (heldBytes > options.maxTotalBytes) refusal = tooManyAtOnce()
      if (refusal === undefined) return 'keep'
      release(request)
      chunks.length = 0
      return 'discard'
    })
    if (refusal !== undefined) throw refusal
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
    // The parser's message quotes the body; a patient's number has no place in an answer or a log.
    throw new ApiError('RELAY_MALFORMED_RESULT', {
      detail: text.trim() === '' ? 'The request has no body' : 'The body is not JSON',
    })
  }
}

function refusedEncoding(encoding: string | undefined): ApiError | undefined {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return undefined
  const detail = `Content-Encoding ${encoding.slice(0, 40)} is not taken`
  return new ApiError('RELAY_UNSUPPORTED_MEDIA_TYPE', { detail })
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError('RELAY_BODY_TOO_LARGE', {
    detail: `The result is larger than ${maxBytes} bytes`,
  })
}

function tooManyAtOnce(): ApiError {
  const detail = 'Too many large results are being sent at one time'
  return new ApiError('RELAY_BUSY', { detail, retryAfterSeconds: 5 })
}

/**
 * Passes every chunk to `take`. Once one of them was only discarded, the rest may take `drainMs`; then this
 * resolves early, the answer is sent, and the connection closed over what is still coming.
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
    // A parser's error would be a 500; a client that left sees nothing, and the log says whose fault it was.
    const onLost = failWith('The connection broke inside the body')
    const idle = setTimeout(settle(failWith('The body stopped coming')), idleMs)
    // It may be gone before we look: the login came first.
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
