import type { Request } from './request.ts'
import type { Chance } from './chance.ts'
import type { Outcome } from './facts.ts'
import type { TransportFailure } from './faults.ts'
import { askRelay } from './relay.ts'
import type { ClientPlan } from './plan.ts'
import { SECOND } from './world.ts'
import type { World } from './world.ts'

export interface Exchanged {
  readonly outcome: Outcome
  readonly endedAt: number
}

const AGENTS = { python: 'python-requests/2.34.2', warren: 'warren-bunny/0.1.0' } as const

/** Timeout of the load balancer for the relay, ms. */
const LOAD_BALANCER_TIMEOUT_MS = 60 * SECOND

/** One request of a client through the load balancer, the relay, the database and the broker. */
export function exchange(
  world: World,
  request: Request,
  sentAt: number,
  chance: Chance,
): Exchanged {
  const { client } = request
  const effect = world.schedule.at(sentAt, client.name)
  if (effect.reach !== undefined) {
    const takes = timeToFail(effect.reach, client, chance)
    return { outcome: { kind: 'transport', failure: effect.reach }, endedAt: sentAt + takes }
  }
  const arrives = sentAt + chance.between(16, 34)
  const back = chance.between(10, 22)
  if (effect.loadBalancer !== undefined) {
    // 502: the target closes the connection at once; 503: there is no target; 504: it does not respond for a minute.
    const takes = { 502: 4, 503: 0, 504: LOAD_BALANCER_TIMEOUT_MS }[effect.loadBalancer]
    passed(
      world,
      request,
      arrives + takes,
      { status: effect.loadBalancer, target: undefined },
      chance,
    )
    const outcome = { kind: 'status', status: effect.loadBalancer } as const
    return { outcome, endedAt: arrives + takes + back }
  }
  const answer = askRunningRelay(world, request, arrives + 1.5, chance)
  if (answer === undefined) {
    const gaveUpAt = arrives + LOAD_BALANCER_TIMEOUT_MS
    passed(world, request, gaveUpAt, { status: 504, target: undefined }, chance)
    return { outcome: { kind: 'status', status: 504 }, endedAt: gaveUpAt + back }
  }
  const target = { status: answer.status, ms: answer.endedAt - arrives - 1.5 }
  passed(world, request, answer.endedAt + 0.8, { status: answer.status, target }, chance)
  if (effect.answerLost === true) {
    const endedAt = sentAt + timeoutOf(client, request.waitSeconds)
    return { outcome: { kind: 'transport', failure: 'read-timeout' }, endedAt }
  }
  return { outcome: { kind: 'status', status: answer.status }, endedAt: answer.endedAt + back }
}

/** The response of the relay once it runs again; undefined if that is too late for the load balancer. */
function askRunningRelay(
  world: World,
  request: Request,
  arrivedAt: number,
  chance: Chance,
): ReturnType<typeof askRelay> | undefined {
  const { schedule } = world
  const latest = arrivedAt + LOAD_BALANCER_TIMEOUT_MS
  const heardAt = schedule.resumesAt(arrivedAt)
  if (heardAt > latest) return undefined
  const { status, endedAt } = askRelay(world, request, heardAt, chance)
  const answeredAt = schedule.resumesAt(endedAt)
  return answeredAt > latest ? undefined : { status, endedAt: answeredAt }
}

/** Timeout of a client, ms. */
function timeoutOf(client: ClientPlan, waitSeconds: number): number {
  return (60 + (client.program === 'warren' ? waitSeconds : 0)) * SECOND
}

function timeToFail(failure: TransportFailure, client: ClientPlan, chance: Chance): number {
  switch (failure) {
    case 'connect-timeout':
      // The Python bunny has no connect timeout, so the kernel's timeout applies.
      return client.program === 'python' ? chance.between(127_000, 131_500) : 10_002
    case 'name-resolution':
      return chance.between(6, 60)
    case 'connection-refused':
      return chance.between(2, 9)
    case 'read-timeout':
    case 'connection-closed':
    case 'tls-expired':
    case 'tls-untrusted':
    case 'tls-wrong-name':
      return chance.between(35, 80)
    default:
      return failure satisfies never
  }
}

function passed(
  world: World,
  { client, method, path }: Request,
  time: number,
  { status, target }: { status: number; target: { status: number; ms: number } | undefined },
  chance: Chance,
): void {
  world.journal.add({
    kind: 'passed',
    at: 'load-balancer',
    time,
    from: client.address,
    port: chance.whole(32_768, 60_999),
    agent: AGENTS[client.program],
    method,
    path,
    status,
    targetStatus: target?.status,
    targetMs: target?.ms ?? -1,
    bytes: status === 200 && method === 'GET' ? 812 : 188,
  })
}

export function failed(outcome: Outcome): boolean {
  return outcome.kind === 'transport' || outcome.status >= 400
}
