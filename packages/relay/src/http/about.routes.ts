import { createHash, timingSafeEqual } from 'node:crypto'
import type { Metrics } from '@warren/runtime'
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
  /** Bearer token required to read the metrics, whose labels contain node names. */
  readonly token: string | undefined
  /** Updates the gauges before they are read. */
  readonly refresh: () => Promise<void>
}

export function metricsRoute({ metrics, path, token, refresh }: MetricsDeps): RouteEntry {
  return {
    methods: ['GET'],
    path,
    access: 'probe',
    handle: async (request, reply) => {
      if (token !== undefined && !isSameText(request.headers.authorization, `Bearer ${token}`)) {
        throw new ApiError('RELAY_UNAUTHORIZED')
      }
      await refresh()
      void reply.type(metrics.contentType).send(await metrics.text())
    },
  }
}

/** Compares digests, so that the response time reveals neither a common prefix nor the length. */
function isSameText(given: string | undefined, expected: string): boolean {
  return timingSafeEqual(digest(given ?? ''), digest(expected))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
