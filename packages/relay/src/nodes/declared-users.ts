import { ExitCode, type Logger, ProgramError } from '@warren/runtime'
import type { DeclaredUser } from '../vocabulary/declared-user.ts'
import type { UserRecord, UserStore } from '../store/user-store.ts'
import { NameTakenError, NodeTakenError } from '../store/store-error.ts'
import { type DeclaredPassword, NO_PASSWORD_HASH } from './declared-passwords.ts'
import { canonicalUsername } from '../vocabulary/username.ts'

const MAX_NAMED = 20

/**
 * Adds declared users, and adds and removes their nodes, so that they match the configuration. Declared users that are not in
 * it any more are removed only with `removesMissing`: a relay that was started without its configuration must not lock
 * out every site. Users added on the command line stay as they are. Everything is checked before anything is changed. Resolves to the passwords, which are neither
 * verified nor set yet, because that takes long.
 *
 * Throws a ProgramError (exit code 78) that lists each conflict with a user or node added on the command line.
 */
export async function reconcileDeclaredUsers(
  users: UserStore,
  declared: readonly DeclaredUser[],
  { removesMissing, log }: { removesMissing: boolean; log: Logger },
): Promise<readonly DeclaredPassword[]> {
  const existing = await users.listUsers()
  const conflicts = findConflicts(existing, declared)
  if (conflicts.length > 0) {
    throw new ProgramError(
      `declared users conflict with existing users:\n${conflicts.join('\n')}`,
      {
        exitCode: ExitCode.config,
        hint: 'Choose another user name or collection ID in DownstreamUsers__…, or remove the existing user with: warren relay users remove NAME',
      },
    )
  }
  const byKey = new Map(existing.map((user) => [canonicalUsername(user.name), user]))
  const declaredKeys = new Set(declared.map((user) => canonicalUsername(user.name)))
  // Removing first frees the nodes that moved from one declared user to another.
  const missing = existing.filter(
    (user) => user.declared && !declaredKeys.has(canonicalUsername(user.name)),
  )
  if (removesMissing) {
    for (const user of missing) {
      await users.removeUser(user.id)
      log.info({ user: user.name }, 'declared user removed')
    }
  } else if (missing.length > 0) {
    const names = missing.slice(0, MAX_NAMED).map(({ name }) => name)
    log.warn(
      {
        users: names,
        more: missing.length - names.length,
        hint: 'Set RELAY_REMOVE_UNDECLARED_USERS=true to remove them.',
      },
      'declared users are not in the configuration',
    )
  }
  for (const user of declared) {
    const record = byKey.get(canonicalUsername(user.name))
    const extra = (record?.nodeIds ?? []).filter((nodeId) => !user.nodeIds.includes(nodeId))
    for (const nodeId of extra) {
      await users.removeNode(nodeId)
      log.info({ user: user.name, node: nodeId }, 'declared node removed')
    }
  }
  const passwords: DeclaredPassword[] = []
  for (const user of declared) {
    const known = byKey.get(canonicalUsername(user.name))
    const record = known ?? (await addOnce(users, user, log))
    passwords.push({ user: record, password: user.password })
    for (const nodeId of user.nodeIds.filter((id) => !record.nodeIds.includes(id))) {
      if (await addNodeOnce(users, record, nodeId)) {
        log.info({ user: user.name, node: nodeId }, 'declared node added')
      }
    }
    if (user.nodeIds.length === 0) log.warn({ user: user.name }, 'declared user has no node')
  }
  return passwords
}

async function addOnce(users: UserStore, { name }: DeclaredUser, log: Logger): Promise<UserRecord> {
  try {
    const added = await users.addUser({ name, passwordHash: NO_PASSWORD_HASH, declared: true })
    log.info({ user: name }, 'declared user added')
    return added
  } catch (error: unknown) {
    // Another relay has started with the same configuration at the same moment, and was first.
    const other = error instanceof NameTakenError ? await users.findUser(name) : null
    if (other === null || !other.declared) throw error
    return other
  }
}

/** False if another relay that started at the same moment has just added it. */
async function addNodeOnce(users: UserStore, user: UserRecord, nodeId: string): Promise<boolean> {
  try {
    await users.addNode(user.id, { id: nodeId })
    return true
  } catch (error: unknown) {
    const now = error instanceof NodeTakenError ? await users.findUser(user.name) : null
    if (now?.nodeIds.includes(nodeId) === true) return false
    throw error
  }
}

function findConflicts(
  existing: readonly UserRecord[],
  declared: readonly DeclaredUser[],
): string[] {
  const others = existing.filter((user) => !user.declared)
  return declared.flatMap((user) => {
    const namesake = others.find(
      (other) => canonicalUsername(other.name) === canonicalUsername(user.name),
    )
    const owners = user.nodeIds.flatMap((nodeId) => {
      const owner = others.find((other) => other.nodeIds.includes(nodeId))
      return owner === undefined ? [] : [`  node ${nodeId} belongs to user "${owner.name}"`]
    })
    return namesake === undefined ? owners : [`  user "${namesake.name}" already exists`, ...owners]
  })
}
