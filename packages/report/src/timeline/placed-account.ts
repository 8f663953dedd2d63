import type { Cause } from '../document/cause.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { Gap } from '../facts/gap-keeper.ts'
import { endsByAnySuccess } from '../facts/link-account.ts'
import type { LinkAccount } from '../facts/link-account.ts'
import { LogHistogram } from '../facts/log-histogram.ts'
import type { Episode, ProblemAccount } from '../facts/problem-account.ts'
import { Series } from '../facts/series.ts'
import { MINUTE } from '../read/timestamps.ts'

/** An account and how far its clock has to be moved to be UTC, milliseconds. */
export interface AccountPart {
  readonly account: LinkAccount
  readonly shift: number
  /** Number of the source. */
  readonly source: number
}

/** One problem, all sources of one side together, on the common time line. */
export interface PlacedProblem {
  readonly cause: Cause
  count: number
  first: number
  last: number
  episodes: Episode[]
  /** How many stretches there were, also those no longer kept. */
  episodeCount: number
  evidence: RawEvidence[]
  /** First success after the last sign of it; NaN while it goes on. */
  recoveredAt: number
  recovery: RawEvidence | undefined
  readonly details: Map<string, number>
}

/** One side's account of a link, all its sources together (replicas of a hub, rotated files), on the common time line. */
export interface PlacedAccount {
  readonly exchanges: number
  readonly ok: number
  readonly failed: number
  readonly unanswered: number
  readonly summarised: boolean
  readonly statuses: ReadonlyMap<number, number>
  readonly latency: LogHistogram
  readonly first: number
  readonly last: number
  readonly lastOk: number
  readonly tasks: number
  readonly answers: number
  readonly lateAnswers: number
  /** Answers held back until there was work. */
  readonly held: number
  /** Median time between two signs of life, ms; NaN if unknown. */
  readonly rhythm: number
  /** Time within which three in four next signs came, ms; NaN if unknown. */
  readonly slowRhythm: number
  /** Time within which nearly every next sign came, ms; NaN if unknown. */
  readonly longRhythm: number
  /** Times nothing was heard, in any source; oldest first. */
  readonly gaps: readonly Gap[]
  /** The last thing heard was that it took a task. */
  readonly busy: boolean
  readonly problems: ReadonlyMap<Cause, PlacedProblem>
  readonly firstOk: RawEvidence | undefined
  readonly parts: readonly AccountPart[]
}

/** Adds up what several sources tell of one link; undefined if there is nothing at all. */
export function placeAccounts(parts: readonly AccountPart[]): PlacedAccount | undefined {
  const used = parts.filter(
    ({ account }) => !Number.isNaN(account.first) || account.problems.size > 0,
  )
  if (used.length === 0) return undefined
  const latency = new LogHistogram()
  const intervals = new LogHistogram()
  const statuses = new Map<number, number>()
  const sums = {
    exchanges: 0,
    ok: 0,
    failed: 0,
    unanswered: 0,
    tasks: 0,
    answers: 0,
    lateAnswers: 0,
    held: 0,
  }
  for (const { account } of used) {
    const totals = account.totals()
    latency.merge(account.latency)
    intervals.merge(account.signs.intervals)
    for (const [status, n] of totals.statuses) statuses.set(status, (statuses.get(status) ?? 0) + n)
    sums.exchanges += totals.exchanges
    sums.ok += totals.ok
    sums.failed += totals.failed
    sums.unanswered += account.unanswered
    sums.tasks += account.tasks
    sums.answers += account.answers
    sums.lateAnswers += account.lateAnswers
    sums.held += account.held
  }
  const lastOk = largest(used.map(({ account, shift }) => account.lastOk + shift))
  const lastAnswer = largest(used.map(({ account, shift }) => account.lastAnswer + shift))
  const newest = used.reduce((a, b) =>
    b.account.last + b.shift > a.account.last + a.shift ? b : a,
  )
  const replicas = replicasOf(used)
  const within = (share: number): number =>
    intervals.count < 2 ? Number.NaN : intervals.quantile(share)
  return {
    ...sums,
    summarised: used.some(({ account }) => account.summaries.size > 0),
    statuses,
    latency,
    first: smallest(used.map(({ account, shift }) => account.first + shift)),
    last: largest(used.map(({ account, shift }) => account.last + shift)),
    lastOk,
    rhythm: within(0.5) / replicas,
    slowRhythm: within(0.75) / replicas,
    longRhythm: within(0.95),
    gaps: commonGaps(used),
    busy: newest.account.signs.busy,
    problems: placeProblems(used, lastAnswer),
    firstOk: firstOkOf(used),
    parts: used,
  }
}

/**
 * Sources that told of the link at the same time, at most: replicas share the polls of a client and together hear it that much
 * more often than each alone. Pods that followed one another do not.
 */
function replicasOf(parts: readonly AccountPart[]): number {
  const spans = [...Map.groupBy(parts, ({ source }) => source).values()].map((own) => ({
    from: smallest(own.map(({ account, shift }) => account.first + shift)),
    to: largest(own.map(({ account, shift }) => account.last + shift)),
  }))
  const together = spans.map(({ from }) =>
    spans.filter((span) => span.from <= from && from < span.to),
  )
  return Math.max(1, ...together.map(({ length }) => length))
}

/** All buckets of the parts on the common time line, in one series over [from, to]. */
export function placeSeries(
  account: PlacedAccount,
  from: number,
  to: number,
  bucketMs: number,
): Series {
  const series = new Series()
  series.cover(from, to, bucketMs)
  for (const part of account.parts) part.account.series.replayInto(series, part.shift)
  return series
}

/** Exchanges that certainly lie within [from, to]; those in buckets that reach beyond are left out. */
export function exchangesWithin(
  account: PlacedAccount,
  from: number,
  to: number,
  which: 'good' | 'all',
): number {
  const sum = account.parts.reduce((n, part) => n + partWithin(part, from, to, which), 0)
  // Over days a bucket is longer than many a hole; how long the other side was silent at most is known exactly.
  return which === 'all' ? Math.max(sum, fewestSigns(account, from, to)) : sum
}

/** The same as one source alone tells it. */
export function partWithin(
  { account: { series, summaries }, shift }: AccountPart,
  from: number,
  to: number,
  which: 'good' | 'all',
): number {
  // What a summary counts lies in the minute before it.
  if (summaries.size > 0) from += MINUTE
  let sum = 0
  for (let slot = 0; slot < series.length; slot++) {
    const start = series.from + slot * series.bucketMs + shift
    if (start < from || start + series.bucketMs > to) continue
    sum += series.ok[slot] ?? 0
    if (which === 'all') sum += series.failed[slot] ?? 0
  }
  return sum
}

/** So many signs of life there were at least within [from, to], by the longest silence in it. */
function fewestSigns(account: PlacedAccount, from: number, to: number): number {
  const start = Math.max(from, account.first)
  const end = Math.min(to, account.last)
  if (!(end > start) || account.summarised) return 0
  const kept = account.gaps.map((gap) => Math.min(gap.to, end) - Math.max(gap.from, start))
  const forgotten = account.parts.map(({ account: part }) => part.signs.longestForgotten)
  const silence = Math.max(...kept, ...forgotten)
  return silence > 0 ? Math.max(0, Math.floor((end - start) / silence) - 1) : 0
}

/** When it first worked after `time`, as exactly as a series tells (to its bucket); NaN if it did not. */
export function okAfter(parts: readonly AccountPart[], time: number): number {
  return smallest(
    parts.map(({ account: { series, lastOk }, shift }) => {
      if (!(lastOk + shift > time)) return Number.NaN
      for (let slot = 0; slot < series.length; slot++) {
        const start = series.from + slot * series.bucketMs + shift
        if (start > time && (series.ok[slot] ?? 0) > 0) return Math.min(start, lastOk + shift)
      }
      return lastOk + shift
    }),
  )
}

function placeProblems(
  parts: readonly AccountPart[],
  lastAnswer: number,
): Map<Cause, PlacedProblem> {
  const placed = new Map<Cause, PlacedProblem>()
  for (const { account, shift } of parts) {
    for (const [cause, problem] of account.problems) {
      const known = placed.get(cause)
      if (known === undefined) placed.set(cause, placeProblem(cause, problem, shift))
      else addProblem(known, placeProblem(cause, problem, shift))
    }
  }
  for (const problem of placed.values()) {
    // Another source of the same side may have seen the success.
    if (!Number.isNaN(problem.recoveredAt) || problem.cause === 'slow') continue
    if (endsByAnySuccess(problem.cause)) problem.recoveredAt = okAfter(parts, problem.last)
    else if (lastAnswer > problem.last) problem.recoveredAt = lastAnswer
  }
  return placed
}

/** One problem moved onto the common time line. */
export function placeProblem(cause: Cause, problem: ProblemAccount, shift: number): PlacedProblem {
  const episodes = problem.episodes.map((episode) => ({
    from: episode.from + shift,
    to: episode.to + shift,
    count: episode.count,
    recoveredAt: episode.recoveredAt + shift,
  }))
  return {
    cause,
    count: problem.count,
    first: problem.first + shift,
    last: problem.last + shift,
    episodes,
    episodeCount: problem.episodeCount,
    evidence: problem.evidence.lines().map((line) => moved(line, shift)),
    recoveredAt: episodes.at(-1)?.recoveredAt ?? Number.NaN,
    recovery: problem.recovery === undefined ? undefined : moved(problem.recovery, shift),
    details: new Map(problem.details),
  }
}

/** Adds what another source tells of the same problem. */
export function addProblem(into: PlacedProblem, other: PlacedProblem): void {
  into.count += other.count
  into.first = smallest([into.first, other.first])
  if (other.last > into.last) into.recoveredAt = other.recoveredAt
  into.last = largest([into.last, other.last])
  into.episodes = mergeEpisodes([...into.episodes, ...other.episodes])
  into.episodeCount = Math.max(into.episodeCount, other.episodeCount, into.episodes.length)
  into.evidence = [...into.evidence, ...other.evidence]
  into.recovery ??= other.recovery
  for (const [detail, n] of other.details)
    into.details.set(detail, (into.details.get(detail) ?? 0) + n)
}

/** Stretches of two sources that overlap are one stretch. */
export function mergeEpisodes(episodes: readonly Episode[]): Episode[] {
  const merged: Episode[] = []
  for (const episode of episodes.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    const last = merged.at(-1)
    if (last !== undefined && episode.from <= Math.max(last.to, last.recoveredAt || 0)) {
      last.to = Math.max(last.to, episode.to)
      last.count += episode.count
      last.recoveredAt = largest([last.recoveredAt, episode.recoveredAt])
    } else merged.push({ ...episode })
  }
  return merged
}

export function moved(line: RawEvidence, shift: number): RawEvidence {
  return shift === 0 ? line : { ...line, time: line.time + shift }
}

/** Times in which no source of this side heard anything. */
function commonGaps(parts: readonly AccountPart[]): Gap[] {
  const [first, ...others] = parts
  if (first === undefined) return []
  let gaps = gapsOf(first)
  for (const part of others) {
    const { account, shift } = part
    const theirs = gapsOf(part)
    const own = [
      { from: Number.NEGATIVE_INFINITY, to: account.first + shift, busy: false },
      ...theirs,
      { from: account.last + shift, to: Number.POSITIVE_INFINITY, busy: false },
    ]
    gaps = gaps.flatMap((gap) =>
      own.flatMap((other) => {
        const from = Math.max(gap.from, other.from)
        const to = Math.min(gap.to, other.to)
        return to > from ? [{ from, to, busy: gap.busy || other.busy }] : []
      }),
    )
  }
  return gaps.toSorted((a, b) => a.from - b.from)
}

function gapsOf({ account, shift }: AccountPart): Gap[] {
  return account.signs
    .longerThan(0)
    .map(({ from, to, busy }) => ({ from: from + shift, to: to + shift, busy }))
}

function firstOkOf(parts: readonly AccountPart[]): RawEvidence | undefined {
  const lines = parts.flatMap(({ account, shift }) =>
    account.firstOk === undefined ? [] : [moved(account.firstOk, shift)],
  )
  return lines.toSorted((a, b) => a.time - b.time)[0]
}

/** Ignores what is not a number; NaN when nothing is. */
export function largest(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value))
  return known.length === 0 ? Number.NaN : Math.max(...known)
}

export function smallest(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value))
  return known.length === 0 ? Number.NaN : Math.min(...known)
}
