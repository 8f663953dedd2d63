import type { LogBudget, Logger } from '@warren/runtime'
import { addressGroup, type AddressList, clientAddress } from '@warren/runtime/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Authenticator, LoginFailure } from '../nodes/authenticator.ts'
import type { Principal } from '../nodes/principal.ts'
import { ApiError } from './api-errors.ts'
import { pathParameter } from './route-entry.ts'

export interface NodeLoginDeps {
  readonly authenticator: Authenticator
  /** Whose X-Forwarded-For is used. */
  readonly trustedProxies: AddressList
  readonly log: Logger
  readonly budget: LogBudget
  readonly onFailure: (reason: LoginFailure | 'slow-down') => void
}

// Limits what an unauthenticated client can write into the log.
const MAX_LOGGED_LENGTH = 100

/**
 * Rejects a request for a collection ID without credentials that are valid for it. It runs before the body is
 * read, so that an unauthenticated client cannot send 30 MB.
 */
export function nodeLogin(deps: NodeLoginDeps) {
  const { authenticator, trustedProxies, log, budget, onFailure } = deps
  return async (request: FastifyRequest, _reply: FastifyReply): Promise<void> => {
    // Verified before it was held.
    if (request.principal !== null) return
    const collection = pathParameter(request, 'collection')
    const { headers, socket } = request.raw
    const address = clientAddress(socket.remoteAddress, headers['x-forwarded-for'], trustedProxies)
    const result = await authenticator.authenticate(headers.authorization, collection, {
      address: addressGroup(address),
      connection: socket,
    })
    if (result.kind === 'verified') {
      request.principal = result.principal
      logVerified(log, result.principal, request.id)
      return
    }
    // Nothing is sent to a client that has disconnected.
    if (result.kind === 'gone') throw new ApiError('RELAY_UNAUTHORIZED')
    const path = pathOf(request.url)
    const user = result.username?.slice(0, MAX_LOGGED_LENGTH)
    const reason = result.kind === 'slow-down' ? result.kind : result.reason
    onFailure(reason)
    // Decides about both lines of the request.
    request.mayLog = budget.allows({
      party: addressGroup(address),
      about: `${reason} ${user ?? ''} ${collection.slice(0, MAX_LOGGED_LENGTH)}`,
      kind: reason,
    })
    if (result.kind === 'slow-down') {
      if (request.mayLog) {
        log.warn({ reason, user, path, requestId: request.id }, 'authentication failed')
      }
      throw new ApiError('RELAY_TOO_MANY_LOGINS', {
        retryAfterSeconds: Math.ceil(result.retryAfterMs / 1000),
      })
    }
    if (request.mayLog) {
      log.warn(
        {
          reason,
          ...(user === undefined ? {} : { user }),
          collection: collection.slice(0, MAX_LOGGED_LENGTH),
          path,
          requestId: request.id,
        },
        'authentication failed',
      )
    }
    throw new ApiError('RELAY_UNAUTHORIZED')
  }
}

export function logVerified(log: Logger, { username: user }: Principal, requestId: string): void {
  if (log.isLevelEnabled('debug')) log.debug({ user, requestId }, 'credentials validated')
}

/** The path without the query string: the API has none, and it may contain anything. */
export function pathOf(url: string): string {
  const query = url.indexOf('?')
  return (query < 0 ? url : url.slice(0, query)).slice(0, 300)
}
