import type { Confidence } from '../vocabulary/judgement.ts'
import type {
  LoadBalancerFacts,
  ClientFacts,
  Facts,
  RelayClient,
  RelayFacts,
} from '../facts/facts.ts'
import type { LogSource } from '../sources/log-source.ts'
import { DAY, HOUR, MINUTE } from '../read/timestamps.ts'
import { align, frequentLags } from './alignment.ts'
import type { Alignment } from './alignment.ts'
import { signalOf, signalOfPolls } from './signal.ts'
import type { Signal } from './signal.ts'
import { offsetText, zoneOffsetMinutes } from './zone-offset.ts'

const QUARTER = 15 * MINUTE
/** A larger difference is attributed to the time zone, not to clock skew. */
const MAX_SKEW_MS = 2 * MINUTE

/** How the clock of a source relates to UTC. */
export interface ClockOffset {
  readonly source: LogSource
  /** UTC = time in the source's clock + shift, milliseconds. */
  readonly shift: number
  readonly method: 'stated' | 'wrapper' | 'option' | 'matched' | 'assumed' | 'none'
  /** Offset of the logged times from UTC; null if unknown. */
  readonly offsetMinutes: number | null
  readonly confidence: Confidence
  readonly dateKnown: boolean
  readonly text: string
}

export interface ClockOffsetOptions {
  /** Time zone for lines without one. */
  tz: string | undefined
  /** The operator gave the date of the first line. */
  dateGiven: boolean
}

/** Finds the offset of every source: stated in its lines, from its wrapper, from options, by matching polls, or else assumed. */
export function findClockOffsets(
  sources: readonly LogSource[],
  options: ClockOffsetOptions,
): ClockOffset[] {
  const placed = new Map<LogSource, ClockOffset>()
  const open: LogSource[] = []
  for (const source of sources) {
    const clockOffset = offsetFromSource(source, options)
    if (clockOffset === undefined) open.push(source)
    else placed.set(source, clockOffset)
  }
  while (open.length > 0) {
    const clockOffset =
      bestMatch(open, [...placed.values()]) ?? assumeOffset(open, [...placed.values()])
    placed.set(clockOffset.source, clockOffset)
    open.splice(open.indexOf(clockOffset.source), 1)
  }
  return sources.flatMap((source) => {
    const clockOffset = placed.get(source)
    return clockOffset === undefined ? [] : [{ ...clockOffset, text: withClockChange(clockOffset) }]
  })
}

function withClockChange({ source, text }: ClockOffset): string {
  const { change } = source.summerTime
  if (change === undefined) return text
  const at = new Date(change.at).toISOString()
  return `${text} Its clock changed to ${change.to} time at ${at.slice(11, 16)} on ${at.slice(0, 10)}; later lines are corrected for it.`
}

function offsetFromSource(source: LogSource, options: ClockOffsetOptions): ClockOffset | undefined {
  const base = { source, shift: 0, confidence: 'certain' as const, dateKnown: true }
  if (source.wrapperTimes > 0) {
    const { offsetMinutes } = source.zone
    const known = Number.isFinite(offsetMinutes)
    const text = known
      ? `Every line has a UTC time from the log collector. The program logs in ${offsetText(offsetMinutes)}.`
      : 'Every line has a UTC time from the log collector.'
    return { ...base, method: 'wrapper', offsetMinutes: known ? offsetMinutes : 0, text }
  }
  if (source.timeKind === 'zoned') {
    return {
      ...base,
      method: 'stated',
      offsetMinutes: 0,
      text: 'Every line has a date and a time zone.',
    }
  }
  if (source.timeKind === 'none') {
    const text = 'No line has a time.'
    return {
      ...base,
      method: 'none',
      offsetMinutes: null,
      confidence: 'possible',
      dateKnown: true,
      text,
    }
  }
  const zone = source.labels.tz ?? options.tz
  const dateGiven = options.dateGiven || source.labels.date !== undefined
  if (zone === undefined || (source.timeKind === 'time-of-day' && !dateGiven)) return undefined
  const minutes = zoneOffsetMinutes(zone, source.first)
  const text = `Date and time zone from the options: ${offsetText(minutes)}.`
  return { ...base, shift: -minutes * MINUTE, method: 'option', offsetMinutes: minutes, text }
}

interface Match {
  source: LogSource
  other: ClockOffset
  best: Alignment
  rivals: number
}

/** The open source that matches a placed one best. */
function bestMatch(
  open: readonly LogSource[],
  placed: readonly ClockOffset[],
): ClockOffset | undefined {
  let best: Match | undefined
  for (const source of open) {
    for (const other of placed) {
      if (other.method === 'none') continue
      for (const [mine, theirs] of commonSignals(source, other.source)) {
        const match = matchOffsets(source, mine, other, theirs)
        if (match !== undefined && (best === undefined || match.best.matched > best.best.matched))
          best = match
      }
    }
  }
  return best === undefined ? undefined : offsetFromMatch(best)
}

function matchOffsets(
  source: LogSource,
  mine: Signal,
  other: ClockOffset,
  theirs: Signal,
): Match | undefined {
  const { low, high } = shiftRange(source, other)
  const byZone = new Map<number, Alignment>()
  for (const lag of frequentLags(mine, theirs, low - other.shift, high - other.shift, 500)) {
    // Time zones differ by multiples of a quarter of an hour; the remainder is clock skew.
    const shift = Math.round((lag + other.shift) / QUARTER) * QUARTER
    if (Math.abs(lag + other.shift - shift) > MAX_SKEW_MS) continue
    const fit = align(mine, theirs, lag, 2_000)
    // With frequent polls, half of them match by chance.
    if (fit.matched < 5 || fit.matched < fit.comparable * 0.5) continue
    const known = byZone.get(shift)
    if (known === undefined || fit.matched > known.matched)
      byZone.set(shift, { ...fit, offset: shift })
  }
  const found = [...byZone.values()].toSorted((a, b) => b.matched - a.matched)
  const most = found[0]
  if (most === undefined) return undefined
  const equal = found.filter(({ matched }) => matched >= most.matched * 0.95)
  // Offsets whole days apart mean the same time zone; the two logs are then assumed to be from the same days.
  const apart = (shift: number): number => Math.round(Math.abs(shift - (low + high) / 2) / DAY)
  equal.sort(
    (a, b) =>
      zonePenalty(a.offset) - zonePenalty(b.offset) ||
      apart(a.offset) - apart(b.offset) ||
      a.spread - b.spread,
  )
  const best = equal[0]
  return best === undefined ? undefined : { source, other, best, rivals: equal.length - 1 }
}

/** Shifts at which the two sources overlap and that a time zone can explain. */
function shiftRange(source: LogSource, other: ClockOffset): { low: number; high: number } {
  const first = other.source.first + other.shift
  const last = other.source.last + other.shift
  const dated = source.timeKind === 'dated'
  return {
    low: Math.max(dated ? -14 * HOUR - MAX_SKEW_MS : Number.NEGATIVE_INFINITY, first - source.last),
    high: Math.min(dated ? 14 * HOUR + MAX_SKEW_MS : Number.POSITIVE_INFINITY, last - source.first),
  }
}

/** Prefers, among shifts that fit equally well, UTC and then whole hours close to it. */
function zonePenalty(shift: number): number {
  const inDay = ((((shift + DAY / 2) % DAY) + DAY) % DAY) - DAY / 2
  return Math.abs(inDay) + (inDay % HOUR === 0 ? 0 : 12 * HOUR)
}

function offsetFromMatch({ source, other, best, rivals }: Match): ClockOffset {
  const minutes = zoneOf(source, best.offset)
  const date = new Date(source.first + best.offset).toISOString().slice(0, 10)
  const lacks = source.timeKind === 'time-of-day' ? 'No date or time zone' : 'No time zone'
  const sure = rivals === 0 && best.matched >= best.comparable * 0.8
  const { file } = other.source
  const reference = file === source.file ? `another source in ${file}` : file
  return {
    source,
    shift: best.offset,
    method: 'matched',
    offsetMinutes: minutes,
    confidence: other.confidence === 'possible' || !sure ? 'possible' : 'likely',
    dateKnown: other.dateKnown,
    text: `${lacks} in the lines; ${best.matched} of ${best.comparable} compared polls match those of ${reference} with ${minutes === null ? 'this date' : offsetText(minutes)}${other.dateKnown ? ` on ${date}` : ''}${rivals > 0 ? `; ${rivals} other ${rivals === 1 ? 'offset fits' : 'offsets fit'} equally well` : ''}.`,
  }
}

/** Time zone of the logged times at this shift, minutes east of UTC. */
function zoneOf(source: LogSource, shift: number): number {
  if (source.timeKind === 'dated') return -shift / MINUTE || 0
  const inDay = ((((shift + DAY / 2) % DAY) + DAY) % DAY) - DAY / 2
  return -inDay / MINUTE || 0
}

/** Without a match, a dated source is assumed to be in UTC and a time of day to be on the day of the other sources. */
function assumeOffset(open: readonly LogSource[], placed: readonly ClockOffset[]): ClockOffset {
  const source = open.find(({ timeKind }) => timeKind === 'dated') ?? open[0]
  if (source === undefined) throw new Error('there is no source left to place')
  const base = { source, confidence: 'possible' as const, offsetMinutes: 0 }
  if (source.timeKind === 'dated') {
    return {
      ...base,
      shift: 0,
      method: 'assumed',
      dateKnown: true,
      text: 'No time zone in the lines. UTC is assumed.',
    }
  }
  const known = placed.filter(({ method, dateKnown }) => method !== 'none' && dateKnown)
  if (known.length === 0) {
    const text =
      'No date or time zone in the lines, and no other source to compare with. Only times of day are known.'
    return { ...base, shift: 0, method: 'none', offsetMinutes: null, dateKnown: false, text }
  }
  const from = Math.min(...known.map((clockOffset) => clockOffset.source.first + clockOffset.shift))
  const to = Math.max(...known.map((clockOffset) => clockOffset.source.last + clockOffset.shift))
  const shift = bestDay(source, from, to)
  const date = new Date(source.first + shift).toISOString().slice(0, 10)
  return {
    ...base,
    shift,
    method: 'assumed',
    dateKnown: true,
    text: `No date or time zone in the lines, and no polls to compare. ${date} (the day of the other sources) and UTC are assumed.`,
  }
}

/** The whole number of days for which the source overlaps [from, to] most: the one that brings their midpoints closest. */
function bestDay(source: LogSource, from: number, to: number): number {
  const middles = (from + to) / 2 - (source.first + source.last) / 2
  return Math.round(middles / DAY) * DAY || 0
}

/** Pairs of signals of the same events in two sources. */
function commonSignals(a: LogSource, b: LogSource): [Signal, Signal][] {
  const pairs: [Signal, Signal][] = []
  for (const mine of a.facts) {
    for (const theirs of b.facts) pairs.push(...signalPairs(mine, theirs))
  }
  return pairs.filter(([left, right]) => left.times.length >= 5 && right.times.length >= 5)
}

function signalPairs(mine: Facts, theirs: Facts): [Signal, Signal][] {
  if (mine.role === 'client' && hasClients(theirs)) return clientPairs(mine, theirs)
  if (theirs.role === 'client' && hasClients(mine)) {
    return clientPairs(theirs, mine).map(([client, relay]) => [relay, client])
  }
  const left = commonSignal(mine, theirs)
  const right = commonSignal(theirs, mine)
  return left === undefined || right === undefined ? [] : [[left, right]]
}

/** Pairs a client with each client in a relay's log; those with a similar number of polls first. */
function clientPairs(
  client: ClientFacts,
  relay: RelayFacts | LoadBalancerFacts,
): [Signal, Signal][] {
  const own = signalOfPolls([client.link.polls])
  const distance = ({ stats }: RelayClient): number =>
    Math.abs(Math.log((stats.exchanges + 1) / (client.link.exchanges + 1)))
  return relay.clients
    .all()
    .toSorted((x, y) => distance(x) - distance(y))
    .slice(0, 16)
    .map(({ stats }) => [own, signalOfPolls([stats.polls])])
}

/** Events that two services log: polls of all clients, or the broker connections that the relay opens for them. */
export function commonSignal(facts: Facts, other: Facts): Signal | undefined {
  if (facts.role === 'broker') {
    if (other.role !== 'relay') return undefined
    const points = facts.sample.exchanges.map(({ time }): [number, number] => [time, 0])
    return signalOf(points, facts.sample.keptMs)
  }
  if (
    !hasClients(facts) ||
    other.role === facts.role ||
    (other.role === 'broker' && facts.role !== 'relay')
  )
    return undefined
  if (!hasClients(other) && other.role !== 'broker') return undefined
  const polls = facts.clients.all().map(({ stats }) => stats.polls)
  // A rejected poll never reaches the broker.
  return signalOfPolls(polls, other.role === 'broker' ? (status) => status < 400 : undefined)
}

function hasClients(facts: Facts): facts is RelayFacts | LoadBalancerFacts {
  return facts.role === 'relay' || facts.role === 'load-balancer'
}
