import { isGeneratedPasswordHash } from './generated-password-hash.ts'
import { isSlowHash } from './password-hash.ts'
import type { UserRecord } from '../store/user-store.ts'
import { canonicalUsername, usernameProblem } from '../vocabulary/username.ts'

/** A user of another relay, with the hash of its password. */
export interface ImportedUser {
  readonly username: string
  readonly passwordHash: string
  /** Added by the configuration of that relay. */
  readonly declared: boolean
  readonly collectionIds: readonly string[]
}

export interface ImportPlan {
  /** Users that are missing here. */
  readonly toAdd: readonly ImportedUser[]
  /** Users that are here with all their nodes. */
  readonly present: readonly string[]
  /** Users that are here and stay as they are, although they differ. */
  readonly different: readonly { readonly username: string; readonly difference: string }[]
  /** Why nothing can be imported. */
  readonly problems: readonly string[]
}

/** Compares users of another relay with those of this one. What is here is never changed by an import. */
export function planImport(
  imported: readonly ImportedUser[],
  existing: readonly UserRecord[],
): ImportPlan {
  const here = new Map(existing.map((user) => [canonicalUsername(user.name), user]))
  const owners = new Map(existing.flatMap((user) => user.nodeIds.map((id) => [id, user.name])))
  const seen = new Set<string>()
  const toAdd: ImportedUser[] = []
  const present: string[] = []
  const different: { username: string; difference: string }[] = []
  const problems: string[] = []
  for (const user of imported) {
    const key = canonicalUsername(user.username)
    const problem = seen.has(key) ? `the user ${user.username} stands twice` : problemOf(user)
    seen.add(key)
    if (problem !== undefined) {
      problems.push(problem)
      continue
    }
    const known = here.get(key)
    if (known !== undefined) {
      const difference = differenceOf(user, known)
      if (difference === undefined) present.push(known.name)
      else different.push({ username: known.name, difference })
      continue
    }
    for (const id of user.collectionIds) {
      const owner = owners.get(id)
      if (owner !== undefined) {
        problems.push(`the node ${id} of ${user.username} belongs to ${owner}`)
      }
      owners.set(id, user.username)
    }
    toAdd.push(user)
  }
  return { toAdd, present, different, problems }
}

function problemOf({ username, passwordHash }: ImportedUser): string | undefined {
  const problem = usernameProblem(username)
  if (problem !== undefined) return problem
  if (isSlowHash(passwordHash) || isGeneratedPasswordHash(passwordHash)) return undefined
  return `the password hash of ${username} has an unknown format`
}

/** Passwords are not compared: one that was hashed again at a login has another hash. */
function differenceOf(imported: ImportedUser, known: UserRecord): string | undefined {
  const missing = imported.collectionIds.filter((id) => !known.nodeIds.includes(id))
  const extra = known.nodeIds.filter((id) => !imported.collectionIds.includes(id))
  const parts = [
    ...(missing.length === 0 ? [] : [`missing here: ${missing.join(', ')}`]),
    ...(extra.length === 0 ? [] : [`only here: ${extra.join(', ')}`]),
  ]
  return parts.length === 0 ? undefined : `other nodes (${parts.join('; ')})`
}
