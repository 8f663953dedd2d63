import type { Facts } from '../facts/facts.ts'
import { compareText } from '../read/input-files.ts'
import type { ClockOffset } from '../timeline/clock-offsets.ts'
import { largest, smallest } from '../timeline/extremes.ts'
import { groupRelays } from './relays.ts'
import { addExpected, finishLink, findPollLinks, setClocks } from './poll-links.ts'
import { nameOfProgram, sharedPlaces } from './program-name.ts'
import type { ProgramLog, Network } from './network.ts'

/** Groups logs by program and link. `expected`: the client names on the operator's list. */
export function buildNetwork(
  clockOffsets: readonly ClockOffset[],
  expected: readonly string[] | undefined,
): Network {
  const writers = clockOffsets.flatMap((clockOffset) =>
    clockOffset.source.facts.map((facts) => ({ facts, clockOffset, source: clockOffset.source })),
  )
  const shared = sharedPlaces(writers)
  const logs = writers.map((writer): ProgramLog => ({
    ...writer,
    shift: writer.clockOffset.shift,
    aligned: writer.facts.role === 'relay',
    name: nameOfProgram(writer, shared),
  }))
  const relays = groupRelays(logs.filter(isRole('relay')))
  const loadBalancers = logs.filter(isRole('load-balancer'))
  const brokers = logs.filter(isRole('broker'))
  const { candidates, unknownLogins } = findPollLinks(
    relays,
    logs.filter(isRole('client')),
    loadBalancers,
    expected ?? [],
  )
  const clocks = setClocks(candidates, relays, [...loadBalancers, ...brokers])
  const links = candidates.map(finishLink)
  if (expected !== undefined) addExpected(links, expected, relays[0])
  links.sort((a, b) => compareText(a.name, b.name))
  const spans = clockOffsets.filter(({ method }) => method !== 'none')
  const timed = spans.length > 0 ? spans : clockOffsets
  // The skew of a clock is known by now.
  const aligned = new Map(logs.map((log) => [log.source, log.shift]))
  const shiftOf = ({ source, shift }: ClockOffset): number => aligned.get(source) ?? shift
  return {
    logs,
    relays,
    links,
    unknownLogins,
    brokers,
    loadBalancers,
    databases: logs.filter(isRole('database')),
    upstreams: logs.filter(isRole('upstream')),
    clocks,
    clockOffsets,
    from: smallest(timed.map((one) => one.source.first + shiftOf(one))),
    to: largest(timed.map((one) => one.source.last + shiftOf(one))),
  }
}

function isRole<R extends Facts['role']>(role: R) {
  return (log: ProgramLog): log is ProgramLog<Extract<Facts, { role: R }>> =>
    log.facts.role === role
}
