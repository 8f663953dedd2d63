import type { Facts } from '../facts/facts.ts'
import type { PollSample } from '../facts/poll-sample.ts'
import type { LogSource } from '../sources/log-source.ts'

/** Common polls that show that two logs are copies: separate programs do not poll in the same second for that long. */
const MIN_COMMON_POLLS = 20
const MIN_COMMON_SHARE = 0.99
/** Candidates share polls at probe times: within one second in every four, up to this many per log. */
const PROBE_EVERY_MS = 4_000
const MAX_PROBES = 500
/** Groups whose lines are remembered: each takes 4 MB. */
const MAX_GROUPS = 8

/**
 * Sources with the same lines: copies of one log, logs that overlap because they were collected twice, and two overlapping files of one
 * pod. Returns a group number per source.
 */
export function repeatedLogs(sources: readonly LogSource[]): Map<number, number> {
  const signatures = new Map(
    sources.flatMap((source) => source.facts.map((facts) => [source, signatureOf(facts)] as const)),
  )
  const byProbe = new Map<string, LogSource>()
  const groups: Set<LogSource>[] = sources
    .filter(({ filesOverlap }) => filesOverlap)
    .map((source) => new Set([source]))
  for (const [source, signature] of signatures) {
    const candidates = new Set<LogSource>()
    for (const probe of [...signature].filter(isProbe).slice(0, MAX_PROBES)) {
      const known = byProbe.get(probe)
      if (known !== undefined) candidates.add(known)
      byProbe.set(probe, source)
    }
    const twin = [...candidates].find((other) =>
      isRepeated(source, signature, other, signatures.get(other) ?? new Set()),
    )
    if (twin !== undefined) join(groups, source, twin)
  }
  return new Map(
    groups
      .slice(0, MAX_GROUPS)
      .flatMap((group, index) => [...group].map(({ sourceId }) => [sourceId, index] as const)),
  )
}

function isProbe(poll: string): boolean {
  return Number.parseInt(poll, 10) % PROBE_EVERY_MS < PROBE_EVERY_MS / 4
}

function join(groups: Set<LogSource>[], source: LogSource, twin: LogSource): void {
  const group = groups.find((members) => members.has(twin) || members.has(source))
  if (group === undefined) groups.push(new Set([twin, source]))
  else group.add(source).add(twin)
}

/** Both logs contain nearly all polls of the time they both cover. */
function isRepeated(
  a: LogSource,
  mine: ReadonlySet<string>,
  b: LogSource,
  theirs: ReadonlySet<string>,
): boolean {
  const from = Math.max(a.first, b.first)
  const to = Math.min(a.last, b.last)
  const inside = (poll: string): boolean => {
    const time = Number.parseInt(poll, 10)
    return time > from && time < to
  }
  const [ours, others] = [[...mine].filter(inside), [...theirs].filter(inside)]
  const common = ours.filter((poll) => theirs.has(poll)).length
  return (
    common >= MIN_COMMON_POLLS && common >= MIN_COMMON_SHARE * Math.max(ours.length, others.length)
  )
}

/** Times and statuses of polls, or times and durations of connections, as logged. */
function signatureOf(facts: Facts): Set<string> {
  if (facts.role === 'client') return pollsOf([facts.link.polls])
  if (facts.role === 'relay' || facts.role === 'load-balancer')
    return pollsOf(facts.clients.all().map(({ stats }) => stats.polls))
  if (facts.role === 'broker')
    return new Set(facts.sample.exchanges.map(({ time, durationMs }) => `${time} ${durationMs}`))
  return new Set()
}

function pollsOf(samples: readonly PollSample[]): Set<string> {
  const polls = samples.flatMap((sample) =>
    Array.from(
      { length: sample.length },
      (_, at) => `${sample.time(at)} ${sample.status(at)} ${sample.duration(at)} ${sample.id(at)}`,
    ),
  )
  return new Set(polls)
}
