import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { UpstreamError } from '../upstream-error.ts'

const JSON_TYPE = /^(?:application|text)\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i

// How long to read a body that is too large: a client that is still writing when the connection closes does not see the 413.
const DRAIN_MS = 10_000

/** Reads JSON bodies up to the route's `bodyLimit`. A larger body is read to its end before it is rejected. */
export function acceptJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    JSON_TYPE,
    async (request: FastifyRequest, payload: IncomingMessage): Promise<unknown> => {
      const encoding = request.headers['content-encoding'] ?? 'identity'
      if (encoding.toLowerCase() !== 'identity') throw new UpstreamError('NOT_JSON')
      return parseJson(await readBody(payload, request.routeOptions.bodyLimit))
    },
  )
}

async function readBody(payload: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  let drain: NodeJS.Timeout | undefined
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  payload.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= limit) {
      chunks.push(chunk)
    } else if (drain === undefined) {
      chunks.length = 0
      drain = setTimeout(resolve, DRAIN_MS)
    }
  })
  payload.once('end', resolve)
  const lost = () =>
    reject(
      new UpstreamError('BAD_REQUEST', {
        detail: 'The connection closed before the end of the body',
      }),
    )
  payload.once('error', lost).once('close', lost)
  try {
    await promise
  } finally {
    clearTimeout(drain)
  }
  if (size > limit) {
    throw new UpstreamError('BODY_TOO_LARGE', { detail: `The body is larger than ${limit} bytes` })
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    // The parser's message quotes the body, which must not reach a response or a log.
    const detail = text.trim() === '' ? 'The request has no body' : 'The body is not JSON'
    throw new UpstreamError('BAD_REQUEST', { detail })
  }
}
