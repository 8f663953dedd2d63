import { CAUSES } from '../vocabulary/cause.ts'
import type { Cause } from '../vocabulary/cause.ts'
import { CAUSE_SHEET } from '../vocabulary/causes/sheet.ts'
import type { ComparedReport, ReportFinding } from './compared-report.ts'
import { linksOf } from './counterparts.ts'
import type { Counterparts } from './counterparts.ts'

/** A finding whose cause this version knows. */
export type Failure = ReportFinding & { readonly cause: Cause }

/** Findings about the network: what is wrong with the logs is a limit of the comparison, not a failure. */
export function failuresOf({ findings }: ComparedReport): Failure[] {
  return findings.filter(
    (finding): finding is Failure =>
      finding.severity !== 'info' &&
      isCause(finding.cause) &&
      CAUSE_SHEET[finding.cause].concerns === 'network',
  )
}

function isCause(cause: string): cause is Cause {
  return (CAUSES as readonly string[]).includes(cause)
}

/** The client does not poll, for whatever reason. */
const ABSENCE: ReadonlySet<Cause> = new Set(['silent', 'interrupted', 'never-seen'])

/** Other logs may show another cause of the same failure: a vaguer one, a more exact one, or what brings it about. */
export function isSameCause(a: Cause, b: Cause): boolean {
  if (a === b || (ABSENCE.has(a) && ABSENCE.has(b))) return true
  return isRelated(a, b) || isRelated(b, a)
}

function isRelated(one: Cause, other: Cause): boolean {
  const { specifies, bringsAbout, outage } = CAUSE_SHEET[one]
  return specifies === other || bringsAbout.includes(other) || (other === 'flapping' && outage)
}

/** The later finding is about the same link or component, for a related cause. */
export function isSameFailure(
  before: Failure,
  after: Failure,
  counterparts: Counterparts,
): boolean {
  if (!isSameCause(before.cause, after.cause)) return false
  const links = linksOf(before)
  if (links.length === 0) {
    const component =
      before.component === null ? undefined : counterparts.component(before.component)
    return component === undefined
      ? before.cause === after.cause && after.link === null
      : after.component === component
  }
  const later = new Set(linksOf(after))
  return links.some((id) => later.has(counterparts.link(id)?.id ?? ''))
}
