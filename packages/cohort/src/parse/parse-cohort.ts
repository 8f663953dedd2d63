import {
  MAX_GROUP_DEPTH,
  type CohortMessage,
  type GroupMessage,
  type RuleMessage,
  isGroup,
} from '@warren/task-api'
import { toCondition, searchCount } from '../sql/condition.ts'
import { type Cohort, type CohortOptions, NO_ONE } from '../tree/cohort.ts'
import { criteriaIn } from '../words/concepts-in.ts'
import { type CohortProblem, ProblemList, quoted } from './problem-list.ts'
import { parseRule } from './rule.ts'
import { RuleProblems } from './rule-problems.ts'

export type ParsedCohort =
  | {
      readonly ok: true
      readonly cohort: Cohort
      /** What the count is restricted to, for the researcher. Absent: nothing. */
      readonly restriction?: string
    }
  | { readonly ok: false; readonly problems: readonly CohortProblem[] }

const DEFAULT_OPTIONS: CohortOptions = { specimen: false, location: false }

/**
 * Turns the cohort of an availability task into a tree, or lists everything that is wrong with it.
 *
 * An invalid rule is a problem. Leaving it out would count people the question does not describe.
 */
export function parseCohort(
  message: CohortMessage,
  options: CohortOptions = DEFAULT_OPTIONS,
): ParsedCohort {
  const parser = new CohortParser(options)
  const cohort = parser.parse(message)
  return cohort === undefined
    ? { ok: false, problems: parser.problems.list() }
    : { ok: true, cohort, ...restrictionOf(cohort) }
}

/** Names the units, because a site may have values in other units, which are not counted. */
function restrictionOf(cohort: Cohort): { restriction?: string } {
  const units = new Set<string>()
  for (const { criterion } of criteriaIn(cohort)) {
    if (criterion.kind === 'event' && criterion.unit !== undefined) units.add(criterion.unit)
  }
  if (units.size === 0) return {}
  const named = [...units].slice(0, MAX_UNITS_NAMED).map((unit) => quoted(unit))
  const more = units.size > named.length ? ' and others' : ''
  return { restriction: `only values in ${named.join(', ')}${more} were compared` }
}

const MAX_UNITS_NAMED = 5

const MAX_RULES = 1_000
/** Below the limit per statement, which also binds the current month and the ends of half-open ranges. */
const MAX_VALUES = 1_900
/**
 * Counted after merging: each search with its own constraints reads every table. 100 of them take about a minute for a million
 * people, and their statement is planned within a second.
 */
const MAX_SEARCHES = 100

class CohortParser {
  readonly problems = new ProblemList()
  readonly #options: CohortOptions
  readonly #size = new CohortSize()

  constructor(options: CohortOptions) {
    this.#options = options
  }

  parse(message: CohortMessage): Cohort | undefined {
    const operator = this.#operator(
      message.groups_oper,
      message.groups.length,
      'cohort.groups_oper',
    )
    const groups = message.groups.map((group, index) =>
      this.#group(group, `cohort.groups[${index}]`, 1),
    )
    // A question without groups describes no one, whatever its operator.
    const cohort = groups.length === 0 ? NO_ONE : combine(operator, groups)
    const excess = this.#size.excess(cohort)
    if (excess !== undefined) this.problems.add('cohort', excess)
    return this.problems.isEmpty ? cohort : undefined
  }

  #group(group: GroupMessage, path: string, depth: number): Cohort | undefined {
    if (depth > MAX_GROUP_DEPTH) {
      this.problems.add(path, `groups are nested more than ${MAX_GROUP_DEPTH} levels deep`)
      return undefined
    }
    const operator = this.#operator(group.rules_oper, group.rules.length, `${path}.rules_oper`)
    if (group.rules.length === 0) {
      this.problems.add(`${path}.rules`, 'the group has no rules: leave the group out')
      return undefined
    }
    const members = group.rules.map((member, index) => {
      const memberPath = `${path}.rules[${index}]`
      return isGroup(member)
        ? this.#group(member, memberPath, depth + 1)
        : this.#rule(member, memberPath)
    })
    return combine(operator, members)
  }

  #rule(rule: RuleMessage, path: string): Cohort | undefined {
    this.#size.count(rule)
    return parseRule(rule, this.#options, new RuleProblems(path, this.problems))
  }

  /** May be absent if there are fewer than two members to combine. */
  #operator(text: string, members: number, path: string): 'all' | 'any' | undefined {
    switch (text.trim().toUpperCase()) {
      case 'AND':
        return 'all'
      case 'OR':
        return 'any'
      case '':
        if (members < 2) return 'all'
        break
    }
    const problem = text.trim() === '' ? 'missing operator' : `unknown operator ${quoted(text)}`
    this.problems.add(path, `${problem}: write AND or OR`)
    return undefined
  }
}

/** `undefined` if the operator or a member is; its problem has already been added. */
function combine(
  operator: 'all' | 'any' | undefined,
  members: readonly (Cohort | undefined)[],
): Cohort | undefined {
  const known = members.filter((member) => member !== undefined)
  if (operator === undefined || known.length < members.length) return undefined
  const [only] = known
  return known.length === 1 && only !== undefined ? only : { kind: operator, members: known }
}

/** Keeps a statement within the limits of every database, and its planning within seconds. */
class CohortSize {
  #rules = 0
  #values = 0

  count(rule: RuleMessage): void {
    this.#rules += 1
    // A rule binds its concept, two bounds of a range or five of a circle, and two of a time.
    this.#values += rule.type === 'TEXT' ? 1 : rule.type === 'NUM' ? 3 : 5
    this.#values += (rule.time === '' ? 0 : 2) + rule.secondary_modifier.length
    if (rule.unit !== '') this.#values += 1
  }

  excess(cohort: Cohort | undefined): string | undefined {
    if (this.#rules > MAX_RULES) {
      return `the question has ${this.#rules} rules: the limit is ${MAX_RULES}`
    }
    if (this.#values > MAX_VALUES) {
      return `the question has ${this.#values} values to compare with: the limit is ${MAX_VALUES}`
    }
    if (cohort !== undefined && searchCount(toCondition(cohort)) > MAX_SEARCHES) {
      return `the question needs more than ${MAX_SEARCHES} searches: combine alternative concepts in one OR group`
    }
    return undefined
  }
}
