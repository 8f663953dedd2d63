import { formatClockTime } from './quiet-hours.ts'
import type { SitePolicy } from './site-policy.ts'

/** A policy in words, one line per rule. */
export function describePolicy(policy: SitePolicy): string[] {
  const { allow, deny, zone, quietHours, limits, minimumRules, similarQuestions, hold } = policy
  const place = zone ?? 'the time zone of the process'
  return [
    allow === undefined
      ? 'Answers every kind of task that the bunny supports.'
      : `Answers tasks of these kinds only: ${allow.join(', ')}.`,
    ...(deny === undefined
      ? []
      : [
          `Refuses questions about ${String(deny.concepts.length)} concept${deny.concepts.length === 1 ? '' : 's'}${deny.descendants ? ' and their descendants' : ''}, and leaves them out of distributions.`,
        ]),
    ...quietHours.map(
      ({ days, from, to }) =>
        `Refuses questions from ${formatClockTime(from)} to ${formatClockTime(to)} on ${days.join(', ')} (${place}).`,
    ),
    ...(minimumRules === 0
      ? []
      : [`Refuses questions with fewer than ${String(minimumRules)} rules.`]),
    ...numbered(limits.perOwner.perDay, 'per owner and day'),
    ...numbered(limits.perOwner.total, 'per owner'),
    ...numbered(limits.all.perDay, 'per day'),
    ...numbered(limits.all.total, 'in all'),
    similarQuestions.action === 'off'
      ? 'Does not look for similar questions.'
      : `After ${String(similarQuestions.limit)} questions of an owner in 24 hours that differ in one rule: ${similarQuestions.action}.`,
    ...hold.map(({ kinds, owners, concepts }) => {
      const parts = [
        ...(kinds === undefined ? [] : [`of the kinds ${kinds.join(', ')}`]),
        ...(owners === undefined ? [] : [`by the owners ${owners.join(', ')}`]),
        ...(concepts === undefined ? [] : [`about ${String(concepts.length)} concepts`]),
      ]
      return parts.length === 0
        ? 'Holds every question for approval.'
        : `Holds questions ${parts.join(' and ')} for approval.`
    }),
  ]
}

const numbered = (count: number | undefined, per: string): string[] =>
  count === undefined ? [] : [`At most ${String(count)} questions ${per}.`]
