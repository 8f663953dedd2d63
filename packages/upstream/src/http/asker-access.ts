import type { FastifyRequest } from 'fastify'
import { digestOf, matchesDigest } from '../collections/password.ts'
import { UpstreamError } from '../upstream-error.ts'
import { isLoopback } from './loopback.ts'

/**
 * A check that accepts requests with the token. Without a token the upstream listens on loopback only, and the host name
 * of the request must be a loopback name too: a page in a browser can reach 127.0.0.1 under the page's own host name.
 */
export function createAskerCheck(token: string | undefined): (request: FastifyRequest) => void {
  if (token === undefined) {
    return (request) => {
      if (!isLoopback(request.hostname)) throw new UpstreamError('NOT_FROM_HERE')
    }
  }
  const digest = digestOf(token)
  return (request) => {
    const given = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
    if (!matchesDigest(given, digest)) throw new UpstreamError('NOT_AN_ASKER')
  }
}
