import { searchedConcepts, type Question } from '../question/question.ts'
import { criterionHashes } from '../question/question.ts'
import { formatClockTime, localTime, quietHoursAt } from './quiet-hours.ts'
import type { HoldRule, SitePolicy } from './site-policy.ts'
import type { UsageCount } from './usage.ts'

/** What the policy says about a question. Reasons leave the site, and reveal nothing about its data. */
export type Verdict =
  | { readonly kind: 'answer'; readonly warning?: string }
  | { readonly kind: 'refuse'; readonly reason: string; readonly warning?: string }
  | { readonly kind: 'hold'; readonly reason: string; readonly warning?: string }

/** What a decision depends on in addition to the question and the policy. */
export interface Circumstances {
  readonly now: number
  readonly usage: { readonly owner: UsageCount; readonly all: UsageCount }
  /** Earlier questions of the owner that differ in one criterion. */
  readonly similar: number
  /** The denied concepts, with their descendants if the policy says so. */
  readonly denied: ReadonlySet<number>
}

/** Decides whether a question is answered, refused or held. The first reason to refuse wins, then the first to hold. */
export function decide(
  question: Question,
  policy: SitePolicy,
  circumstances: Circumstances,
): Verdict {
  const warning = similarityWarning(policy, circumstances)
  const withWarning = warning === undefined ? {} : { warning }
  const refusal = refusalReason(question, policy, circumstances)
  if (refusal !== undefined) return { kind: 'refuse', reason: refusal, ...withWarning }
  const held = holdReason(question, policy, warning !== undefined)
  if (held !== undefined) return { kind: 'hold', reason: held, ...withWarning }
  return { kind: 'answer', ...withWarning }
}

function refusalReason(
  question: Question,
  policy: SitePolicy,
  { now, usage, denied, similar }: Circumstances,
): string | undefined {
  const { allow, deny, minimumRules, zone, similarQuestions } = policy
  const { code, kind } = question
  if (allow !== undefined && !allow.includes(code)) {
    return `This site does not answer tasks of the kind ${code}.`
  }
  const concept = searchedConcepts(question).find((one) => denied.has(one))
  if (concept !== undefined) return `This site does not answer questions about concept ${concept}.`
  if (deny !== undefined && code === 'ICD-MAIN') {
    return 'This site does not answer ICD-MAIN, because its policy denies concepts that the codes would include.'
  }
  if (kind === 'availability' && question.cohort !== undefined && minimumRules > 0) {
    const rules = criterionHashes(question).length
    if (rules < minimumRules) {
      return `This site answers questions with ${minimumRules} or more rules only: this one has ${rules}.`
    }
  }
  const quiet = quietHoursAt(localTime(now, zone), policy.quietHours)
  if (quiet !== undefined) {
    const place = zone === undefined ? '' : ` (${zone})`
    return `This site does not answer questions from ${formatClockTime(quiet.from)} to ${formatClockTime(quiet.to)}${place}.`
  }
  const limit = limitReached(policy, usage)
  if (limit !== undefined) return limit
  if (similarQuestions.action === 'refuse' && similar >= similarQuestions.limit) {
    return `This site answers ${similarQuestions.limit} questions per owner and day that differ in one rule: the limit is reached.`
  }
  return undefined
}

/** Why one more question would exceed a limit, if it would. */
export function limitReached(
  { limits: { perOwner, all } }: SitePolicy,
  usage: Circumstances['usage'],
): string | undefined {
  if (reached(usage.owner.today, perOwner.perDay)) {
    return `This site answers ${perOwner.perDay ?? 0} questions per owner and day: the limit is reached.`
  }
  if (reached(usage.owner.total, perOwner.total)) {
    return `This site answers ${perOwner.total ?? 0} questions per owner: the limit is reached.`
  }
  if (reached(usage.all.today, all.perDay)) {
    return `This site answers ${all.perDay ?? 0} questions per day: the limit is reached.`
  }
  if (reached(usage.all.total, all.total)) {
    return `This site answers ${all.total ?? 0} questions in all: the limit is reached.`
  }
  return undefined
}

const reached = (count: number, limit: number | undefined): boolean =>
  limit !== undefined && count >= limit

function similarityWarning(
  { similarQuestions: { action, limit } }: SitePolicy,
  { similar }: Circumstances,
): string | undefined {
  if (action === 'off' || similar < limit || similar === 0) return undefined
  return `${similar} earlier questions of this owner in 24 hours differ from this one in one rule`
}

function holdReason(
  question: Question,
  { hold, similarQuestions }: SitePolicy,
  isSimilar: boolean,
): string | undefined {
  const rule = hold.find((one) => matches(question, one))
  if (rule !== undefined) {
    const parts = [
      ...(rule.kinds === undefined ? [] : [`kind ${question.code}`]),
      ...(rule.owners === undefined ? [] : [`owner ${question.asker.owner}`]),
      ...(rule.concepts === undefined ? [] : ['a concept that needs approval']),
    ]
    return parts.length === 0
      ? 'every question needs approval'
      : `the policy holds questions by ${parts.join(', ')}`
  }
  if (similarQuestions.action === 'hold' && isSimilar) {
    return 'many questions of this owner differ in one rule'
  }
  return undefined
}

function matches(question: Question, { kinds, owners, concepts }: HoldRule): boolean {
  if (kinds !== undefined && !kinds.includes(question.code)) return false
  if (owners !== undefined && !owners.includes(question.asker.owner)) return false
  if (concepts === undefined) return true
  // A distribution of all concepts includes the ones that need approval.
  if (question.kind === 'distribution') return question.code !== 'DEMOGRAPHICS'
  return searchedConcepts(question).some((one) => concepts.includes(one))
}
