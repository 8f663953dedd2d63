import type { Outcome } from '../document/comparison-schema.ts'
import type { ComparedReport, ReportLink } from './compared-report.ts'
import { cleanTimeOf, isGap } from './clean-time.ts'
import type { CleanTime, Gap } from './clean-time.ts'
import { linksOf } from './counterparts.ts'
import type { Counterparts } from './counterparts.ts'
import { isSameFailure } from './failures.ts'
import type { Failure } from './failures.ts'
import { DISTANCES, distanceOf, needOf, successesIn } from './need.ts'
import type { Need } from './need.ts'

/** Successes that show that a failure was over before it occurred again. */
const MIN_PAUSE_SUCCESSES = 10

/** What became of a failure on one link. */
export interface LinkAssessment {
  readonly outcome: Outcome
  /** Name of the link in the earlier report, or of the component. */
  readonly link: string
  readonly kind: string
  readonly need: Need
  readonly clean: CleanTime | undefined
  /** Why there is no proof. */
  readonly gap:
    | Gap
    | { readonly kind: 'no-link' | 'elsewhere' | 'few' | 'short'; readonly side: string }
    | undefined
}

export interface Assessment {
  readonly failure: Failure
  readonly outcome: Outcome
  /** The finding of the later report, if the failure occurs there. */
  readonly again: Failure | undefined
  /** Worst first; at least one. */
  readonly links: readonly LinkAssessment[]
}

interface Context {
  readonly before: ComparedReport
  readonly after: ComparedReport
  readonly counterparts: Counterparts
  /** Later failures. */
  readonly later: readonly Failure[]
  /** Beginning of the time after, ms: what lies before belongs to the earlier report. */
  readonly start: number
}

const WORST_FIRST: readonly Outcome[] = ['still-there', 'came-back', 'unknown', 'gone']

/** 0 is the worst outcome. */
export function outcomeRank(outcome: Outcome): number {
  return WORST_FIRST.indexOf(outcome)
}

/** What became of a failure of the earlier report. It is gone only if every link that it affected proves it. */
export function assess(failure: Failure, context: Context): Assessment {
  const { later, counterparts, start } = context
  const again = later
    .filter((one) => isSameFailure(failure, one, counterparts))
    .filter(({ last }) => !(Date.parse(last ?? '') < start))
    .toSorted((a, b) => Number(a.status === 'recovered') - Number(b.status === 'recovered'))[0]
  const links = targetsOf(failure, context)
    .map((target) => assessLink(failure, again, target, context))
    .toSorted((a, b) => outcomeRank(a.outcome) - outcomeRank(b.outcome))
  return { failure, outcome: links[0]?.outcome ?? 'unknown', again, links }
}

/** A link that the failure affected, with the link of the later report that is the same one. */
interface Target {
  readonly name: string
  readonly kind: string
  readonly before: ReportLink | undefined
  readonly after: ReportLink | undefined
  readonly elsewhere: boolean
}

function targetsOf(failure: Failure, { before, after, counterparts }: Context): Target[] {
  const ids = linksOf(failure)
  if (ids.length > 0)
    return ids.map((id) => {
      const link = before.links.find((one) => one.id === id)
      const name = counterparts.linkName(id)
      return {
        name,
        kind: link?.kind ?? 'poll',
        before: link,
        after: counterparts.link(id),
        elsewhere: counterparts.pollsElsewhere(id),
      }
    })
  const component =
    failure.component === null ? undefined : counterparts.component(failure.component)
  const name = counterparts.componentName(failure.component)
  // A program works if its busiest link does.
  const [busiest] = after.links
    .filter((link) => component !== undefined && (link.from === component || link.to === component))
    .toSorted((a, b) => exchangesOf(b) - exchangesOf(a))
  return [
    { name, kind: busiest?.kind ?? 'poll', before: undefined, after: busiest, elsewhere: false },
  ]
}

function exchangesOf({ views }: ReportLink): number {
  return Math.max(0, ...views.map(({ exchanges }) => exchanges))
}

function assessLink(
  failure: Failure,
  again: Failure | undefined,
  target: Target,
  context: Context,
): LinkAssessment {
  const { before, start } = context
  const need = needOf(failure, target.before, before)
  const about = { link: target.name, kind: target.kind, need }
  const witnesses = witnessesOf(failure, before)
  if (target.after === undefined)
    return {
      ...about,
      outcome: 'unknown',
      clean: undefined,
      gap: target.elsewhere
        ? { kind: 'elsewhere', side: 'relay' }
        : { kind: 'no-link', side: firstOf(witnesses) },
    }
  if (again === undefined)
    return { ...about, ...proven(target.after, need, start, witnesses, context) }
  const pause = successesIn(target.after, start, Date.parse(again.first ?? ''))
  const paused = failure.status === 'recovered' || pause >= MIN_PAUSE_SUCCESSES
  const away = Date.parse(again.first ?? '') - start
  const back = paused && away >= DISTANCES * distanceOf(failure.periods)
  if (again.recoveredAt === null || back || again.status !== 'recovered')
    return {
      ...about,
      outcome: back ? 'came-back' : 'still-there',
      clean: undefined,
      gap: undefined,
    }
  const longer = {
    ...need,
    durationMs: Math.max(need.durationMs, DISTANCES * distanceOf(again.periods)),
  }
  const found = proven(target.after, longer, Date.parse(again.recoveredAt), witnesses, context)
  // It came and went, and does not stay away for longer than before.
  const recurring = failure.periods.length > 1 || again.periods.length > 1
  const outcome = found.outcome === 'unknown' && recurring ? 'still-there' : found.outcome
  return { ...about, ...found, need: longer, outcome }
}

function proven(
  link: ReportLink,
  need: Need,
  from: number,
  witnesses: ReadonlySet<string>,
  { after }: Context,
): Pick<LinkAssessment, 'outcome' | 'clean' | 'gap'> {
  const found = cleanTimeOf(link, { witnesses, need, from, report: after })
  if (isGap(found)) return { outcome: 'unknown', clean: undefined, gap: found }
  const clean = need.results ? { ...found, successes: link.results } : found
  const { side } = clean
  if (clean.successes < need.successes)
    return { outcome: 'unknown', clean, gap: { kind: 'few', side } }
  if (clean.to - clean.from < need.durationMs)
    return { outcome: 'unknown', clean, gap: { kind: 'short', side } }
  return { outcome: 'gone', clean, gap: undefined }
}

/** Roles whose logs contain lines of the failure. */
function witnessesOf({ evidence }: Failure, { sources }: ComparedReport): ReadonlySet<string> {
  const roles = evidence.flatMap(
    ({ source }) => sources.find(({ id }) => id === source)?.role ?? [],
  )
  return new Set(roles.filter((role) => role !== 'unknown').toSorted())
}

function firstOf(sides: ReadonlySet<string>): string {
  const [first = 'client'] = sides
  return first
}
