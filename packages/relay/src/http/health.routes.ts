import type { Health } from '@warren/runtime'
import type { QueueStatus } from '../queue/node-queue.ts'
import type { RouteEntry } from './route-entry.ts'

export interface HealthDeps {
  readonly health: Health
  readonly queueStatus: () => QueueStatus
  /** Where probes of today's deployments look. */
  readonly healthPath: string
}

/**
 * - `/livez`: the process answers. Restarting helps nothing else.
 * - `/readyz`: the store answers and the hub is not stopping. A broker that is down is shown as `degraded` and
 *   keeps the status 200: the hub works on from the database, and taking it out of the balancer would make a
 *   slower hub into none.
 * - the health path: the same verdict in one word, as today.
 */
export function healthRoutes({ health, queueStatus, healthPath }: HealthDeps): RouteEntry[] {
  return [
    {
      method: 'GET',
      path: healthPath,
      access: 'probe',
      handle: async (_request, reply) => {
        const { ok } = await health.ready()
        void reply
          .code(ok ? 200 : 503)
          .type('text/plain; charset=utf-8')
          .send(ok ? 'Healthy' : 'Unhealthy')
      },
    },
    {
      method: 'GET',
      path: '/livez',
      access: 'probe',
      handle: async (_request, reply) => {
        void reply.code(200).send({ status: 'live' })
      },
    },
    {
      method: 'GET',
      path: '/readyz',
      access: 'probe',
      handle: async (_request, reply) => {
        const { ok, checks } = await health.ready()
        const queue = queueStatus()
        const degraded = ok && !queue.available
        void reply.code(ok ? 200 : 503).send({
          status: ok ? (degraded ? 'degraded' : 'ready') : 'unready',
          checks: {
            ...checks,
            queue: {
              ok: queue.available,
              technology: queue.technology,
              ...(queue.detail === null ? {} : { detail: queue.detail }),
            },
          },
        })
      },
    },
  ]
}
