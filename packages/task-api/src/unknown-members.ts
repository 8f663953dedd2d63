import type { TaskProblems } from './format-error.ts'
import type { JsonObject } from './json/json-object.ts'

/** Labels that some upstreams add to any part of a task. They are for people and do not change who is counted. */
const LABELS = new Set(['id', 'name', 'label', 'title', 'description', 'comment'])

const MAX_NAME_LENGTH = 40

/**
 * Adds each member that is not `known` to the unknown members of `problems`. A member that is not understood could turn a question into its opposite
 * (`"exclude": true`), so it must not be ignored. Passed over: members without content (null, "", [] and {}), and labels.
 */
export function rejectUnknownMembers(
  json: JsonObject,
  known: ReadonlySet<string>,
  path: string,
  problems: TaskProblems,
): void {
  for (const name in json) {
    if (!Object.hasOwn(json, name) || known.has(name)) continue
    const value = json[name]
    if (hasNoContent(value) || (LABELS.has(name) && typeof value !== 'object')) continue
    problems.unknownMembers.add(
      memberPath(path, name),
      'unknown member, which could change the meaning of the question: leave it out',
    )
  }
}

/** `cohort.groups[0].exclude`, or `cohort.groups[0]["a b"]` for a name that is not a word. Never longer than a line. */
function memberPath(path: string, name: string): string {
  if (/^[A-Za-z_]\w{0,39}$/.test(name)) return path === '' ? name : `${path}.${name}`
  const short = name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name
  return `${path}[${JSON.stringify(short)}]`
}

function hasNoContent(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true
  if (typeof value !== 'object') return false
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0
}
