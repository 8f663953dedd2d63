import type { RouteEntry } from './route-entry.ts'

/** `task/status`: some clients ask it to check their connection. The list is always empty, as at existing services. */
export function statusRoute(): RouteEntry {
  return {
    methods: ['GET', 'POST'],
    path: '/link_connector_api/task/status/:collection',
    access: 'node',
    handle: async (_request, reply) => {
      void reply.send([])
    },
  }
}
