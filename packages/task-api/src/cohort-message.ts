import { z } from 'zod'
import type { TaskProblems } from './format-error.ts'
import { type JsonObject, isJsonObject } from './json/json-object.ts'
import { rejectUnknownMembers } from './unknown-members.ts'
import { parseInteger, jsonPath, typeName, wireText } from './wire-value.ts'

/** Groups can be nested this deep, which is far more than any real question needs. */
export const MAX_GROUP_DEPTH = 32

/** One rule, as sent. `@warren/cohort` defines what it means. */
export interface RuleMessage {
  /** `TEXT` (also when absent), `NUM`, `GEO_RADIUS`, ... */
  readonly type: string
  readonly varname: string
  readonly varcat: string
  /** `=` includes (also when absent), `!=` excludes. */
  readonly oper: string
  readonly value: string
  readonly time: string
  /** Concept IDs of record origins; empty if absent. */
  readonly secondary_modifier: readonly number[]
  readonly ext: string
  readonly unit: string
  readonly regex: string
}

/** Rules and groups of rules under one operator, nested up to 32 levels deep. */
export interface GroupMessage {
  readonly rules_oper: string
  readonly rules: readonly (RuleMessage | GroupMessage)[]
}

export interface CohortMessage {
  readonly groups_oper: string
  readonly groups: readonly GroupMessage[]
}

export function isGroup(member: RuleMessage | GroupMessage): member is GroupMessage {
  return 'rules' in member
}

/** More than a cohort may have values in all. */
const MAX_PROVENANCE = 2_000

const provenance = z
  .unknown()
  .optional()
  .transform((value, context): readonly number[] => {
    if (value === undefined || value === null || value === '') return []
    if (!Array.isArray(value)) {
      context.addIssue(`expected a list of concept IDs, got ${typeName(value)}`)
      return z.NEVER
    }
    if (value.length > MAX_PROVENANCE) {
      context.addIssue(`has ${value.length} elements: the limit is ${MAX_PROVENANCE}`)
      return z.NEVER
    }
    return value.map((item: unknown, index) => {
      const id = parseInteger(item)
      if (id === undefined) {
        context.addIssue({
          code: 'custom',
          message: 'expected a concept ID (a whole number)',
          path: [index],
          input: item,
        })
        return 0
      }
      return id
    })
  })

const ruleSchema = z.object({
  type: wireText('TEXT', { blankIsAbsent: true }),
  varname: wireText(''),
  varcat: wireText(''),
  oper: wireText('=', { blankIsAbsent: true }),
  value: wireText(''),
  time: wireText(''),
  secondary_modifier: provenance,
  ext: wireText(''),
  unit: wireText(''),
  regex: wireText(''),
}) satisfies z.ZodType<RuleMessage>

const COHORT_MEMBERS = new Set(['groups_oper', 'groups'])
const GROUP_MEMBERS = new Set(['rules_oper', 'rules'])
const RULE_MEMBERS = new Set(Object.keys(ruleSchema.shape))

const operator = wireText('')

/** Rules and groups. A cohort with more is not read: each costs time and memory, and no question has as many. */
const MAX_MEMBERS = 5_000

function countMembers(json: unknown, depth = 0): number {
  if (!isJsonObject(json) || depth > MAX_GROUP_DEPTH + 1) return 1
  const list = json[depth === 0 ? 'groups' : 'rules']
  if (!Array.isArray(list)) return 1
  let count = list.length
  for (const member of list) {
    if (count > MAX_MEMBERS) break
    count += countMembers(member, depth + 1)
  }
  return count
}

/** Reads a cohort. Adds everything that is wrong with it to `problems`, and reads the rest. */
export function readCohort(json: unknown, path: string, problems: TaskProblems): CohortMessage {
  if (!isJsonObject(json)) {
    // An absent cohort does not mean "everyone": a question that was lost must not be answered.
    problems.add(path, `expected an object, got ${typeName(json)}`)
    return { groups_oper: '', groups: [] }
  }
  if (countMembers(json) > MAX_MEMBERS) {
    problems.add(path, `has more than ${MAX_MEMBERS} groups and rules`)
    return { groups_oper: '', groups: [] }
  }
  rejectUnknownMembers(json, COHORT_MEMBERS, path, problems)
  return {
    groups_oper: readText(json, 'groups_oper', path, problems),
    groups: readList(json, 'groups', path, problems).flatMap((member, index) => {
      const memberPath = `${path}.groups[${index}]`
      if (isJsonObject(member) && looksLikeGroup(member)) {
        return [readGroup(member, memberPath, 1, problems)]
      }
      // A rule here would otherwise be read as a group without rules, which would match more people.
      const got = isJsonObject(member) ? 'an object without rules' : typeName(member)
      problems.add(memberPath, `expected a group of rules, got ${got}`)
      return []
    }),
  }
}

function readGroup(
  json: JsonObject,
  path: string,
  depth: number,
  problems: TaskProblems,
): GroupMessage {
  const rules_oper = readText(json, 'rules_oper', path, problems)
  rejectUnknownMembers(json, GROUP_MEMBERS, path, problems)
  if (depth > MAX_GROUP_DEPTH) {
    problems.add(path, `groups are nested more than ${MAX_GROUP_DEPTH} levels deep`)
    return { rules_oper, rules: [] }
  }
  const rules = readList(json, 'rules', path, problems).flatMap(
    (member, index): (RuleMessage | GroupMessage)[] => {
      const memberPath = `${path}.rules[${index}]`
      if (!isJsonObject(member)) {
        problems.add(memberPath, `expected a rule or a group of rules, got ${typeName(member)}`)
        return []
      }
      if (looksLikeGroup(member)) {
        return [readGroup(member, memberPath, depth + 1, problems)]
      }
      return readRule(member, memberPath, problems)
    },
  )
  return { rules_oper, rules }
}

function looksLikeGroup(json: JsonObject): boolean {
  return 'rules' in json || 'rules_oper' in json
}

function readRule(json: JsonObject, path: string, problems: TaskProblems): RuleMessage[] {
  rejectUnknownMembers(json, RULE_MEMBERS, path, problems)
  const parsed = ruleSchema.safeParse(json)
  if (parsed.success) return [parsed.data]
  for (const issue of parsed.error.issues) {
    problems.add(jsonPath(path, issue.path), issue.message)
  }
  return []
}

function readText(json: JsonObject, name: string, path: string, problems: TaskProblems): string {
  const parsed = operator.safeParse(json[name])
  if (parsed.success) return parsed.data
  problems.add(`${path}.${name}`, parsed.error.issues[0]?.message ?? 'not a text')
  return ''
}

function readList(
  json: JsonObject,
  name: string,
  path: string,
  problems: TaskProblems,
): readonly unknown[] {
  const value = json[name]
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value
  problems.add(`${path}.${name}`, `expected a list, got ${typeName(value)}`)
  return []
}
