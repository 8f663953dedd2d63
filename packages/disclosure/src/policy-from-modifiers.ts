import { DEFAULT_POLICY, type DisclosurePolicy } from './policy.ts'
import { multipleFrom, policyProblem } from './policy-problem.ts'

export interface ModifierProblem {
  /** The place in the list, for example `[1].threshold`. */
  readonly path: string
  readonly message: string
}

/** An invalid list of modifiers, with all its problems. */
export class ModifierError extends Error {
  readonly problems: readonly ModifierProblem[]

  constructor(problems: readonly ModifierProblem[]) {
    super(
      `result modifiers: ${problems.map(({ path, message }) => `${path || 'list'} ${message}`).join('; ')}`,
    )
    this.name = 'ModifierError'
    this.problems = problems
  }
}

const MODIFIERS = [
  { id: 'Low Number Suppression', parameter: 'threshold' },
  { id: 'Rounding', parameter: 'nearest' },
] as const

/**
 * Reads a list such as `[{"id":"Low Number Suppression","threshold":10},{"id":"Rounding","nearest":10}]`.
 *
 * An absent modifier, or one whose parameter is absent or null, means 10, so an empty list is safe. A threshold that the list
 * does not give is raised to a multiple of the rounding target. Unknown modifiers are ignored. So is the order of the list:
 * rounding before suppression could report a count that must be suppressed.
 *
 * @throws ModifierError if the intended policy is not clear: `modifiers` is not a list, a parameter is
 *   not a whole number or does not belong to its modifier, two values contradict each other, or the threshold is not a
 *   multiple of the rounding target.
 */
export function policyFromModifiers(modifiers: unknown): DisclosurePolicy {
  if (!Array.isArray(modifiers)) {
    throw new ModifierError([{ path: '', message: 'must be a JSON array of modifiers' }])
  }
  const problems: ModifierProblem[] = []
  const found: { threshold?: number; nearest?: number } = {}
  for (const [index, modifier] of (modifiers as readonly unknown[]).entries()) {
    const path = `[${index}]`
    if (typeof modifier !== 'object' || modifier === null || Array.isArray(modifier)) {
      problems.push({ path, message: 'must be an object with an id' })
      continue
    }
    const known = MODIFIERS.find(({ id }) => 'id' in modifier && modifier.id === id)
    if (!known) continue
    const value = readParameter(modifier, known, path, problems)
    if (value === undefined) continue
    const earlier = found[known.parameter]
    if (earlier === undefined) {
      found[known.parameter] = value
    } else if (earlier !== value) {
      problems.push({ path, message: `contradicts an earlier "${known.id}": keep one of them` })
    }
  }
  const { nearest = DEFAULT_POLICY.nearest } = found
  const { threshold = multipleFrom(DEFAULT_POLICY.threshold, nearest) } = found
  const problem = policyProblem({ threshold, nearest })
  if (problem !== undefined && problems.length === 0) {
    problems.push({ path: '', message: `${problem.message}. ${problem.hint}` })
  }
  if (problems.length > 0) throw new ModifierError(problems)
  return { threshold, nearest }
}

function readParameter(
  modifier: object,
  { id, parameter }: (typeof MODIFIERS)[number],
  path: string,
  problems: ModifierProblem[],
): number | undefined {
  for (const member of Object.keys(modifier)) {
    if (member !== 'id' && member !== parameter) {
      problems.push({
        path: `${path}.${member}`,
        message: `is not a parameter of "${id}": its parameter is ${parameter}`,
      })
    }
  }
  const value: unknown = Reflect.get(modifier, parameter) ?? undefined
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  problems.push({
    path: `${path}.${parameter}`,
    message: 'must be a whole number, 0 or more (0 switches it off)',
  })
  return undefined
}
