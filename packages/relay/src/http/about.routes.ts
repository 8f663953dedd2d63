import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Metrics } from '@warren/runtime'
import { type AddressList, clientAddress } from '@warren/runtime/http'
import { ApiError } from './api-errors.ts'
import type { RouteEntry } from './route-entry.ts'

/** The version as a JSON string, as the .NET relay returns it. */
export function versionRoute(version: string): RouteEntry {
  return {
    methods: ['GET'],
    path: '/version',
    access: 'probe',
    handle: async (_request, reply) => {
      void reply.type('application/json; charset=utf-8').send(JSON.stringify(version))
    },
  }
}

export interface MetricsDeps {
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>
  readonly path: string
  /** Bearer token required to read the metrics, whose labels contain node names. Replaces `readers`. */
  readonly token: string | undefined
  /** Addresses that may read the metrics if there is no token. */
  readonly readers: AddressList
  /** Proxies in front of the relay. */
  readonly trustedProxies: AddressList
  /** Updates the gauges before they are read. */
  readonly refresh: () => Promise<void>
}

export function metricsRoute(deps: MetricsDeps): RouteEntry {
  const { metrics, path, token, refresh } = deps
  return {
    methods: ['GET'],
    path,
    access: 'probe',
    handle: async (request, reply) => {
      if (token === undefined) {
        if (!isReader(request.raw, deps)) throw new ApiError('RELAY_METRICS_CLOSED')
      } else if (!isSameText(request.headers.authorization, `Bearer ${token}`)) {
        throw new ApiError('RELAY_UNAUTHORIZED')
      }
      await refresh()
      void reply.type(metrics.contentType).send(await metrics.text())
    },
  }
}

// What proxies add to a request.
const FORWARDING_HEADERS = ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via']

function isReader({ socket, headers }: IncomingMessage, deps: MetricsDeps): boolean {
  const { readers, trustedProxies } = deps
  const peer = socket.remoteAddress ?? ''
  const isForwarded = FORWARDING_HEADERS.some((name) => headers[name] !== undefined)
  // Behind a proxy on this machine that is not configured, every client would have a loopback address.
  if (isForwarded && !trustedProxies.has(peer)) return false
  return readers.has(clientAddress(peer, headers['x-forwarded-for'], trustedProxies))
}

/** Compares digests, so that the response time reveals neither a common prefix nor the length. */
function isSameText(given: string | undefined, expected: string): boolean {
  return timingSafeEqual(digest(given ?? ''), digest(expected))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
