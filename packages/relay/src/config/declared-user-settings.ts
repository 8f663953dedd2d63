import {
  booleanSetting,
  type ConfigProblem,
  type Setting,
  setting,
  settingFamily,
} from '@warren/runtime'
import { z } from 'zod'
import type { DeclaredUser } from '../vocabulary/declared-user.ts'
import { canonicalGuid } from '../vocabulary/collection-id.ts'
import { canonicalUsername, usernameProblem } from '../vocabulary/username.ts'

// The minimum of the .NET relay, so that its configurations stay valid. Generated passwords have 24 characters.
const MIN_PASSWORD_LENGTH = 6

const nodeId = z.string().transform((text, context): string => {
  const id = canonicalGuid(text.trim())
  if (id !== undefined) return id
  context.addIssue('expected a GUID such as 3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a11')
  return z.NEVER
})

export const declaredUserSettings = {
  removesUndeclaredUsers: setting({
    name: 'RELAY_REMOVE_UNDECLARED_USERS',
    schema: booleanSetting(),
    default: false,
    description:
      'Remove declared users that are not in the configuration any more, with their nodes, at the start. Otherwise they stay, and the log names them.',
  }),
  declaredPasswords: settingFamily({
    name: 'DownstreamUsers__<name>__Password',
    pattern: /DownstreamUsers__(?<user>.+)__Password/,
    schema: z
      .string()
      .min(MIN_PASSWORD_LENGTH, `expected ${MIN_PASSWORD_LENGTH} characters or more`),
    secret: true,
    description:
      'Password of a declared user: one that is added and changed with the configuration.',
  }),
  declaredNode: settingFamily({
    name: 'DownstreamUsers__<name>__SubNode',
    pattern: /DownstreamUsers__(?<user>.+)__SubNode/,
    schema: nodeId,
    description: 'Collection ID of a declared user that has one node.',
  }),
  declaredNodes: settingFamily({
    name: 'DownstreamUsers__<name>__SubNodes__<n>',
    pattern: /DownstreamUsers__(?<user>.+)__SubNodes__\d+/,
    schema: nodeId,
    description: 'Collection IDs of the nodes of a declared user, numbered from 0.',
  }),
}

type Values<T> = { readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never }
export type DeclaredUserValues = Values<typeof declaredUserSettings>

/** The declared users, and the problems of their settings. User names are case-insensitive. */
export function readDeclaredUsers(values: Partial<DeclaredUserValues>): {
  users: readonly DeclaredUser[]
  problems: readonly ConfigProblem[]
} {
  const problems: ConfigProblem[] = []
  const drafts = new Map<string, { name: string; password?: string; nodeIds: Set<string> }>()
  const draftFor = (name: string) => {
    const key = canonicalUsername(name)
    const draft = drafts.get(key) ?? { name, nodeIds: new Set<string>() }
    drafts.set(key, draft)
    return draft
  }
  const ownerByNode = new Map<string, string>()
  for (const { name: variable, groups, value } of values.declaredPasswords ?? []) {
    const draft = draftFor(groups['user'] ?? '')
    if (draft.password !== undefined) {
      problems.push({ name: variable, message: 'sets a second password for the same user' })
    }
    draft.password = value
  }
  for (const member of [...(values.declaredNode ?? []), ...(values.declaredNodes ?? [])]) {
    const draft = draftFor(member.groups['user'] ?? '')
    const owner = ownerByNode.get(member.value)
    if (owner !== undefined && owner !== canonicalUsername(draft.name)) {
      const message = `node ${member.value} is declared for two users`
      problems.push({ name: member.name, message, hint: 'Assign the node to one of them.' })
    }
    ownerByNode.set(member.value, canonicalUsername(draft.name))
    draft.nodeIds.add(member.value)
  }
  const sorted = [...drafts.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const users = sorted.flatMap(({ name, password, nodeIds }) => {
    const problem = usernameProblem(name)
    const variable = `DownstreamUsers__${name}__Password`
    if (problem !== undefined) problems.push({ name: variable, message: problem })
    if (password === undefined) {
      problems.push({ name: variable, message: 'not set, but this user has a node' })
      return []
    }
    return [{ name, password, nodeIds: [...nodeIds] }]
  })
  return { users, problems }
}
