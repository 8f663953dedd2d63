import type { Health } from '@warren/runtime'
import type { QueueStatus } from '../queue/node-queue.ts'
import type { RouteEntry } from './route-entry.ts'

export interface HealthDeps {
  readonly health: Health
  readonly queueStatus: () => QueueStatus
  /** Path that the probes of existing deployments request. */
  readonly healthPath: string
}

/**
 * - `/livez`: the process responds. Nothing else can be fixed by a restart.
 * - `/readyz`: the database responds and the relay is not shutting down. A broker outage is `degraded` with
 *   status 200: the relay continues from the database, and removing it from the load balancer would turn a
 *   slower relay into an outage.
 * - the health path: the same state in one word, as the .NET relay returns it.
 */
export function healthRoutes({ health, queueStatus, healthPath }: HealthDeps): RouteEntry[] {
  return [
    {
      // The .NET relay answers any method here.
      methods: 'any',
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
      methods: ['GET', 'HEAD'],
      path: '/livez',
      access: 'probe',
      handle: async (_request, reply) => {
        void reply.code(200).send({ status: 'live' })
      },
    },
    {
      methods: ['GET', 'HEAD'],
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
