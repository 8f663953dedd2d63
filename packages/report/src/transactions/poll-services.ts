import type { Network, PollLink } from '../network/network.ts'
import { clockBy, isKept, isWithin, pollsOf, stepOf, spanOf } from './poll-pairs.ts'
import type { PlacedExchange } from './poll-pairs.ts'
import { notShown, notLogged, shown } from './transaction.ts'
import type { RawStep } from './transaction.ts'

/** Warren's relay logs different lines from the .NET relay and needs fewer requests to its services per poll. */
export function isWarren({ log }: PlacedExchange): boolean {
  return log.facts.program.startsWith('Warren')
}

/** How the relay finds out whether there is work for a poll. */
export function queueSteps(network: Network, poll: PollLink, relay: PlacedExchange): RawStep[] {
  const title = 'the relay checks the queue'
  if (isWarren(relay)) return [warrenQueueStep(title, relay)]
  if (network.brokers.length === 0) return [notShown('broker', title, 'there is no broker log')]
  if (network.brokers.every(({ facts }) => facts.shortLived === 0)) {
    return [
      notLogged('broker', title, 'the connection stays open, so the broker logs nothing per poll'),
    ]
  }
  const connection = connectionFor(network, poll, relay)
  if (connection === undefined)
    return [
      notShown('broker', title, 'no connection in the broker log can be matched to this poll'),
    ]
  const missing = 'the broker log does not contain it'
  return [
    stepOf(
      connection,
      'accepted',
      'broker',
      'the broker accepts a connection from the relay',
      missing,
    ),
    stepOf(
      connection,
      'authenticated',
      'broker',
      'the broker accepts the credentials of the relay',
      missing,
    ),
    stepOf(connection, 'closed', 'broker', 'the connection is closed', missing),
  ]
}

/** Warren's relay keeps waiting work in memory: an empty poll needs neither the database nor the broker. */
function warrenQueueStep(title: string, { exchange, log, shift }: PlacedExchange): RawStep {
  const tasks =
    log.facts.role === 'relay' && exchange.requestId !== '' ? log.facts.tasks.records : []
  const handedOut = tasks
    .flatMap(({ steps }) => steps)
    .find((one) => one.step === 'handed-out' && one.requestId === exchange.requestId)
  return handedOut === undefined
    ? notLogged('relay', title, 'the relay keeps waiting work in memory and does not log the check')
    : shown('relay', 'the relay hands out a task', handedOut.evidence, log, shift)
}

/** The connection that the relay opened for this poll: the only one during the poll, with no other poll that could have opened it. */
function connectionFor(
  network: Network,
  poll: PollLink,
  relay: PlacedExchange,
): PlacedExchange | undefined {
  const outer = spanOf(relay)
  const fitting = network.brokers.flatMap((log) => {
    const clock = network.clocks.get(log)
    if (clock === undefined || clock.relay !== poll.relay) return []
    const { slack } = clockBy(clock.match)
    return log.facts.sample.exchanges
      .map((exchange): PlacedExchange => ({ exchange, log, shift: log.shift }))
      .filter((one) => isWithin(spanOf(one), outer, slack))
      .map((one) => ({ one, slack }))
  })
  const [first] = fitting
  if (first === undefined || fitting.length > 1) return undefined
  const { one, slack } = first
  const relayLogs = poll.relay?.logs ?? []
  const polls = relayLogs.flatMap((log) =>
    log.facts.clients.all().flatMap(({ stats }) => pollsOf(stats.polls, log)),
  )
  const inner = spanOf(one)
  const kept = relayLogs.every((log) =>
    log.facts.clients.all().every(({ stats }) => isKept(stats.polls, outer, log.shift, slack)),
  )
  return kept && polls.filter((other) => isWithin(inner, other, slack)).length === 1
    ? one
    : undefined
}

/** A load balancer logs a request when it has ended. */
export function loadBalancerSteps(
  network: Network,
  poll: PollLink,
  relay: PlacedExchange | undefined,
): RawStep[] {
  if (poll.loadBalancerClients.length === 0) return []
  const title = 'the load balancer forwards the response'
  if (relay === undefined)
    return [
      notShown(
        'load-balancer',
        title,
        'without a relay log, its lines cannot be matched to this poll',
      ),
    ]
  const inner = spanOf(relay)
  const fitting = poll.loadBalancerClients.flatMap(({ client, log }) => {
    const match = network.clocks.get(log)?.match
    if (match === undefined) return []
    const { slack } = clockBy(match)
    const others = pollsOf(client.stats.polls, log).filter((one) => isWithin(inner, one, slack))
    if (others.length !== 1 || !isKept(client.stats.polls, inner, log.shift, slack)) return []
    return log.facts.sample.exchanges
      .filter(({ client: key, status }) => key === client.key && status === relay.exchange.status)
      .map((exchange): PlacedExchange => ({ exchange, log, shift: log.shift }))
      .filter((one) => isWithin(inner, spanOf(one), slack))
  })
  const [only, ...more] = fitting
  return [
    stepOf(
      more.length === 0 ? only : undefined,
      'passed',
      'load-balancer',
      title,
      'no line in the load balancer log can be matched to this poll',
    ),
  ]
}
