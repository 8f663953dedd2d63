import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ApiError } from './api-errors.ts'

export interface ResultBodyOptions {
  /** Largest body accepted, bytes, counted as they arrive and not as announced. */
  readonly maxBytes: number
  /** Bytes that all uploads together may hold in memory. */
  readonly maxTotalBytes: number
  /** How long the rest of a body that is too large is read and thrown away, ms. */
  readonly drainMs?: number
}

const JSON_TYPE = /^(?:application|text)\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i

/**
 * Reads JSON bodies with a bound for each and one for all.
 *
 * A body that is too large is read to its end, and thrown away, before it is refused: a client that is still
 * writing when the connection closes never sees the 413 but a broken connection, and sends it all again.
 */
export function acceptResultBodies(app: FastifyInstance, options: ResultBodyOptions): void {
  let heldBytes = 0

  const parse = async (request: FastifyRequest, payload: IncomingMessage): Promise<unknown> => {
    const chunks: Buffer[] = []
    let bytes = 0
    let refusal = refusedEncoding(request.headers['content-encoding'])
    const release = (): void => {
      heldBytes -= bytes
      bytes = 0
      chunks.length = 0
    }
    try {
      await readToEnd(payload, options.drainMs ?? 10_000, (chunk) => {
        if (refusal !== undefined) return 'discard'
        bytes += chunk.length
        heldBytes += chunk.length
        chunks.push(chunk)
        if (bytes > options.maxBytes) refusal = tooLarge(options.maxBytes)
        else if (heldBytes > options.maxTotalBytes) refusal = tooManyAtOnce()
        if (refusal === undefined) return 'keep'
        release()
        return 'discard'
      })
      if (refusal !== undefined) throw refusal
      return parseJson(Buffer.concat(chunks).toString('utf8'))
    } finally {
      release()
    }
  }

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
  drainMs: number,
  take: (chunk: Buffer) => 'keep' | 'discard',
): Promise<void> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const settle = (done: () => void) => (): void => {
      clearTimeout(timer)
      payload.off('data', onData)
      done()
    }
    const onData = (chunk: Buffer): void => {
      if (take(chunk) === 'keep' || timer !== undefined) return
      timer = setTimeout(settle(resolve), drainMs)
    }
    // A parser's error would be a 500; a client that left sees nothing, and the log says whose fault it was.
    const onLost = (): void =>
      reject(new ApiError('RELAY_BAD_REQUEST', { detail: 'The connection broke inside the body' }))
    // It may be gone before we look: the login came first.
    if (payload.destroyed) {
      onLost()
      return
    }
    payload.on('data', onData)
    payload.once('end', settle(resolve))
    payload.once('error', settle(onLost))
    payload.once('close', settle(onLost))
  })
}
