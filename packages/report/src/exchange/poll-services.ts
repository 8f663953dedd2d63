import type { Network, PollLink } from './network.ts'
import { clockBy, isKept, isWithin, pollsOf, stepOf, stretchOf } from './poll-pairs.ts'
import type { PlacedMoment } from './poll-pairs.ts'
import { notShown, notWritten, shown } from './transaction.ts'
import type { RawStep } from './transaction.ts'

/** Our relay says more, in other lines, and asks less for a poll than today's does. */
export function isOurs({ log }: PlacedMoment): boolean {
  return log.facts.program.startsWith('Warren')
}

/** What it takes to know whether there is work for a poll. */
export function queueSteps(network: Network, poll: PollLink, relay: PlacedMoment): RawStep[] {
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
function ourQueueStep(title: string, { moment, log, shift }: PlacedMoment): RawStep {
  const tasks = log.facts.role === 'relay' && moment.requestId !== '' ? log.facts.tasks.records : []
  const handedOut = tasks
    .flatMap(({ steps }) => steps)
    .find((one) => one.step === 'handed-out' && one.requestId === moment.requestId)
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
  relay: PlacedMoment,
): PlacedMoment | undefined {
  const outer = stretchOf(relay)
  const fitting = network.brokers.flatMap((log) => {
    const clock = network.clocks.get(log)
    if (clock === undefined || clock.relay !== poll.relay) return []
    const { slack } = clockBy(clock.match)
    return log.facts.moments.moments
      .map((moment): PlacedMoment => ({ moment, log, shift: log.shift }))
      .filter((one) => isWithin(stretchOf(one), outer, slack))
      .map((one) => ({ one, slack }))
  })
  const [first] = fitting
  if (first === undefined || fitting.length > 1) return undefined
  const { one, slack } = first
  const relayLogs = poll.relay?.logs ?? []
  const polls = relayLogs.flatMap((log) =>
    log.facts.clients.all().flatMap(({ account }) => pollsOf(account.polls, log)),
  )
  const inner = stretchOf(one)
  const kept = relayLogs.every((log) =>
    log.facts.clients.all().every(({ account }) => isKept(account.polls, outer, log.shift, slack)),
  )
  return kept && polls.filter((other) => isWithin(inner, other, slack)).length === 1
    ? one
    : undefined
}

/** A balancer writes a request down once it is over. */
export function balancerSteps(
  network: Network,
  poll: PollLink,
  relay: PlacedMoment | undefined,
): RawStep[] {
  if (poll.passed.length === 0) return []
  const title = 'the balancer passes the answer on'
  if (relay === undefined)
    return [
      notShown(
        'load-balancer',
        title,
        'without the relay’s log nothing shows which of its lines it is',
      ),
    ]
  const inner = stretchOf(relay)
  const fitting = poll.passed.flatMap(({ client, log }) => {
    const match = network.clocks.get(log)?.match
    if (match === undefined) return []
    const { slack } = clockBy(match)
    const others = pollsOf(client.account.polls, log).filter((one) => isWithin(inner, one, slack))
    if (others.length !== 1 || !isKept(client.account.polls, inner, log.shift, slack)) return []
    return log.facts.moments.moments
      .filter(({ client: key, status }) => key === client.key && status === relay.moment.status)
      .map((moment): PlacedMoment => ({ moment, log, shift: log.shift }))
      .filter((one) => isWithin(inner, stretchOf(one), slack))
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
