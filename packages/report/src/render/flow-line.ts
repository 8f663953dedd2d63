import type { Component, ReportDocument } from '../document/report-document.ts'
import { formatCount } from '../vocabulary/figures.ts'
import type { Role } from '../vocabulary/role.ts'
import { ROLE_LABEL } from './wording.ts'

/** What the components of each role do. */
const ROLE_PURPOSE: Readonly<Partial<Record<Role, string>>> = {
  client:
    'polls the relay for tasks, answers them from the OMOP database of its site, and submits the results',
  relay: 'authenticates every poll, hands out tasks and collects the results',
  'load-balancer': 'passes the requests of the clients on to the relay',
  database: 'stores users, nodes and tasks for the relay',
  broker: 'holds the queue of each node',
  upstream: 'gives the relay its tasks and receives the combined results',
  cdm: 'holds the patient records of a site',
}

/** `client: polls the relay …`, for each role of the network. */
export function purposesOf(components: readonly Component[]): string[] {
  const roles = new Set(components.map(({ role }) => role))
  return [...roles].flatMap((role) => {
    const purpose = ROLE_PURPOSE[role]
    return purpose === undefined ? [] : [`${ROLE_LABEL[role]}: ${purpose}.`]
  })
}

export const NO_TASK_NOTE =
  '204 is the normal response to a poll: no task is waiting for this client. It is not a failure.'

/** Whether a log contains a poll that was answered with 204. */
export function hasEmptyPolls({ links }: Pick<ReportDocument, 'links'>): boolean {
  return links.some(({ views }) =>
    views.some(({ statuses }) => statuses.some(({ status }) => status === '204')),
  )
}

/** The way of a poll on one line: `3 clients → relay → relay database & broker → relay → 3 clients`; '' without a client. */
export function flowLine({
  components,
  links,
}: Pick<ReportDocument, 'components' | 'links'>): string {
  // Only what a log shows at work.
  const active = new Set(
    links.flatMap(({ from, to, views }) =>
      views.some(({ exchanges }) => exchanges > 0) ? [from, to] : [],
    ),
  )
  const nameOf = (role: Role, one: string, many: string): string | undefined => {
    const found = components.filter(
      (component) => component.role === role && active.has(component.id),
    )
    return found.length < 2 ? found[0]?.name : formatCount(found.length, one, many)
  }
  const clients = nameOf('client', 'client', 'clients')
  const relay = nameOf('relay', 'relay', 'relays')
  if (clients === undefined || relay === undefined) return ''
  const services = [
    nameOf('database', 'relay database', 'relay databases'),
    nameOf('broker', 'broker', 'brokers'),
  ].filter((name) => name !== undefined)
  const balancer = nameOf('load-balancer', 'load balancer', 'load balancers')
  const through = balancer === undefined ? [] : [balancer]
  const round = [
    clients,
    ...through,
    relay,
    ...(services.length > 0 ? [services.join(' & '), relay] : []),
    ...through,
    clients,
  ].join(' → ')
  const upstream = nameOf('upstream', 'upstream', 'upstreams')
  return upstream === undefined ? round : `${round}; tasks: ${upstream} → ${relay}`
}
