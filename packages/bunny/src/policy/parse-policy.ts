import { nearestName } from '@warren/runtime'
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml'
import type { z } from 'zod'
import { sitePolicySchema, type SitePolicy } from './site-policy.ts'

export interface PolicyProblem {
  /** Counts from 1. */
  readonly line: number
  readonly column: number
  /** What is wrong, and what to write instead. */
  readonly message: string
}

export type ParsedPolicy =
  | { readonly ok: true; readonly policy: SitePolicy }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] }

/** Far more than a policy needs. */
export const MAX_POLICY_BYTES = 1_000_000

const MAX_PROBLEMS = 20

/** Reads a policy in YAML, of which JSON is a part, and lists everything that is wrong with it. */
export function parsePolicy(text: string): ParsedPolicy {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    version: '1.2',
  })
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) => ({ ...at(pos[0]), message }))
    return { ok: false, problems: problems.slice(0, MAX_PROBLEMS) }
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 })
  } catch (error: unknown) {
    const message = error instanceof Error ? error.message : String(error)
    return { ok: false, problems: [{ line: 1, column: 1, message }] }
  }
  const parsed = sitePolicySchema.safeParse(value)
  if (parsed.success) return { ok: true, policy: parsed.data }
  const problems = parsed.error.issues.flatMap((issue) =>
    problemsOf(issue).map((problem) => ({
      ...at(offsetOf(document, problem)),
      message: problem.message,
    })),
  )
  return { ok: false, problems: problems.slice(0, MAX_PROBLEMS) }
}

interface PathProblem {
  readonly path: readonly PropertyKey[]
  readonly isUnknownMember?: true
  readonly message: string
}

const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(sitePolicySchema.shape),
  deny: ['concepts', 'descendants'],
  limits: ['perOwner', 'all'],
  'limits.perOwner': ['perDay', 'total'],
  'limits.all': ['perDay', 'total'],
  quietHours: ['days', 'from', 'to'],
  similarQuestions: ['limit', 'action'],
  hold: ['kinds', 'owners', 'concepts'],
}

function problemsOf(issue: z.core.$ZodIssue): PathProblem[] {
  const { path } = issue
  const name = path.length === 0 ? 'the policy' : formatPath(path)
  if (issue.code !== 'unrecognized_keys') {
    return [{ path, message: `${name}: ${issue.message}` }]
  }
  const place = path.filter((part) => typeof part === 'string').join('.')
  const known = MEMBERS[place] ?? []
  return issue.keys.map((key) => {
    const nearest = nearestName(key, known)
    const hint =
      nearest === undefined ? `write one of ${known.join(', ')}` : `did you mean ${nearest}?`
    return {
      path: [...path, key],
      isUnknownMember: true,
      message: `unknown member ${JSON.stringify(key)}: ${hint}`,
    }
  })
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${String(part)}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')
}

/** Where the value at `path` begins, or the nearest value around it. */
function offsetOf(document: Document, { path, isUnknownMember }: PathProblem): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent: unknown = document.getIn(path.slice(0, length - 1), true)
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && key.value === path[length - 1])
      : undefined
    // An unknown member has no value to point at.
    const node: unknown =
      isUnknownMember && length === path.length
        ? pair?.key
        : document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range != null) return node.range[0]
  }
  return isNode(document.contents) ? (document.contents.range?.[0] ?? 0) : 0
}
