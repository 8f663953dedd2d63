import type { Network, PollLink } from './network.ts'
import { clockBy, isKept, isWithin, pollsOf, stepOf, spanOf } from './poll-pairs.ts'
import type { PlacedExchange } from './poll-pairs.ts'
import { notShown, notWritten, shown } from './transaction.ts'
import type { RawStep } from './transaction.ts'

/** Our relay says more, in other lines, and asks less for a poll than today's does. */
export function isOurs({ log }: PlacedExchange): boolean {
  return log.facts.program.startsWith('Warren')
}

/** What it takes to know whether there is work for a poll. */
export function queueSteps(network: Network, poll: PollLink, relay: PlacedExchange): RawStep[] {
  const title = 'the relay looks into the queue'
  if (isOurs(relay)) return [ourQueueStep(title, relay)]
  if (network.brokers.length === 0) return [notShown('broker', title, 'no broker log was given')]
  if (network.brokers.every(({ facts }) => facts.shortLived === 0)) {
    return [
      notWritten('broker', title, 'its connection stays open: the broker writes nothing of a poll'),
    ]
  }
  const connection = connectionFor(network, poll, relay)
  if (connection === undefined)
    return [notShown('broker', title, 'no connection in the broker’s log is surely of this poll')]
  const missing = 'the broker’s log does not show it'
  return [
    stepOf(
      connection,
      'accepted',
      'broker',
      'the broker accepts a connection of the relay',
      missing,
    ),
    stepOf(
      connection,
      'authenticated',
      'broker',
      'the broker has checked the relay’s credentials',
      missing,
    ),
    stepOf(connection, 'closed', 'broker', 'the connection is closed again', missing),
  ]
}

/** Our relay keeps in mind who has work waiting: an empty poll asks neither database nor broker. */
function ourQueueStep(title: string, { exchange, log, shift }: PlacedExchange): RawStep {
  const tasks =
    log.facts.role === 'relay' && exchange.requestId !== '' ? log.facts.tasks.records : []
  const handedOut = tasks
    .flatMap(({ steps }) => steps)
    .find((one) => one.step === 'handed-out' && one.requestId === exchange.requestId)
  return handedOut === undefined
    ? notWritten(
        'relay',
        title,
        'it knows from memory whether there is work, and writes nothing about it',
      )
    : shown('relay', 'the relay hands a task out', handedOut.evidence, log, shift)
}

/** The connection the relay opened for this poll: the only one while it answered, and no other poll was there to open it. */
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

/** A balancer writes a request down once it is over. */
export function balancerSteps(
  network: Network,
  poll: PollLink,
  relay: PlacedExchange | undefined,
): RawStep[] {
  if (poll.loadBalancerClients.length === 0) return []
  const title = 'the balancer passes the answer on'
  if (relay === undefined)
    return [
      notShown(
        'load-balancer',
        title,
        'without the relay’s log nothing shows which of its lines it is',
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
      'no line in the balancer’s log is surely of this poll',
    ),
  ]
}
