import { ExitCode, nearestName, ProgramError } from '@warren/runtime'
import type { NodeRecord, UserRecord, UserStore } from '../store/user-store.ts'
import { hashGeneratedPassword } from './generated-password-hash.ts'
import { type ImportedUser, type ImportPlan, planImport } from './import-plan.ts'
import { generatePassword } from './password-generator.ts'
import { usernameProblem } from '../vocabulary/username.ts'

/** The credentials to enter in the configuration of a bunny. The password is shown once and not stored. */
export interface NewUser {
  readonly username: string
  readonly password: string
  /** Collection ID of the user's first node. */
  readonly collectionId: string
}

/**
 * Manages users and nodes on behalf of the command line. Methods reject with a ProgramError if a name is unknown or
 * taken, and with the store's error if the database is unavailable.
 */
export class UserManager {
  readonly #users: UserStore

  constructor(users: UserStore) {
    this.#users = users
  }

  /** Adds a user with a generated password and one node. */
  async add(name: string): Promise<NewUser> {
    checkName(name)
    const password = generatePassword()
    const passwordHash = hashGeneratedPassword(password)
    const user = await this.#users.addUser({ name, passwordHash, declared: false })
    const node = await this.#users.addNode(user.id)
    return { username: user.name, password, collectionId: node.id }
  }

  list(): Promise<readonly UserRecord[]> {
    return this.#users.listUsers()
  }

  async resetPassword(name: string): Promise<{ username: string; password: string }> {
    const user = await this.#find(name)
    rejectDeclared(user)
    const password = generatePassword()
    await this.#users.setPasswordHash(user.id, hashGeneratedPassword(password))
    return { username: user.name, password }
  }

  /** Generates a new password. The old one stays valid for `keepMs`, so that a site can change over without a gap. */
  async rotatePassword(
    name: string,
    keepMs: number,
  ): Promise<{ username: string; password: string; oldValidUntil: string }> {
    const user = await this.#find(name)
    rejectDeclared(user)
    rejectDisabled(user)
    const password = generatePassword()
    await this.#users.rotatePassword(user.id, hashGeneratedPassword(password), keepMs)
    const { earlierPassword } = await this.#find(name)
    const oldValidUntil = new Date(Date.now() + (earlierPassword?.validForMs ?? 0)).toISOString()
    return { username: user.name, password, oldValidUntil }
  }

  /** Ends the logins of a user and rejects new ones, or allows them again. Also for declared users. */
  async setDisabled(name: string, disabled: boolean): Promise<UserRecord> {
    const user = await this.#find(name)
    await this.#users.setUserDisabled(user.id, disabled)
    return await this.#find(name)
  }

  async addNode(name: string): Promise<{ username: string; collectionId: string }> {
    const user = await this.#find(name)
    rejectDeclared(user)
    const node = await this.#users.addNode(user.id)
    return { username: user.name, collectionId: node.id }
  }

  async listNodes(name: string): Promise<readonly NodeRecord[]> {
    const user = await this.#find(name)
    const nodes = await this.#users.listNodes()
    return nodes.filter((node) => node.userId === user.id)
  }

  /** Removes nodes and their unanswered tasks. Resolves to the collection IDs removed. */
  async removeNodes(name: string, nodeIds: readonly string[]): Promise<readonly string[]> {
    const user = await this.#find(name)
    rejectDeclared(user)
    const foreign = nodeIds.filter((nodeId) => !user.nodeIds.includes(nodeId))
    if (foreign.length > 0) {
      throw new ProgramError(`unknown node of ${user.name}: ${foreign.join(', ')}`, {
        hint: `List its nodes with: warren relay users list-subnodes ${user.name}`,
      })
    }
    for (const nodeId of nodeIds) await this.#users.removeNode(nodeId)
    return nodeIds
  }

  /** Removes a user and all its nodes. */
  async remove(name: string): Promise<UserRecord> {
    const user = await this.#find(name)
    rejectDeclared(user)
    await this.#users.removeUser(user.id)
    return user
  }

  /**
   * Adds the users that are missing here, all or none, and leaves the others as they are. Throws a ProgramError (exit code 65)
   * that lists every reason against it.
   */
  async import(users: readonly ImportedUser[], { dryRun = false } = {}): Promise<ImportPlan> {
    const plan = planImport(users, await this.#users.listUsers())
    if (plan.problems.length > 0) {
      throw new ProgramError(
        `nothing was imported:\n${plan.problems.map((problem) => `  ${problem}`).join('\n')}`,
        {
          exitCode: ExitCode.data,
          hint: 'Rename or remove the users and nodes named above, here or in the other relay.',
        },
      )
    }
    if (!dryRun) await this.#users.importUsers(plan.toAdd)
    return plan
  }

  async #find(name: string): Promise<UserRecord> {
    const user = await this.#users.findUser(name)
    if (user !== null) return user
    const names = (await this.#users.listUsers()).map((other) => other.name)
    const nearest = nearestName(name, names)
    throw new ProgramError(`unknown user "${name}"`, {
      hint:
        nearest === undefined
          ? 'List all users with: warren relay users list'
          : `Did you mean ${nearest}?`,
    })
  }
}

function checkName(name: string): void {
  const problem = usernameProblem(name)
  if (problem !== undefined) throw new ProgramError(problem, { exitCode: ExitCode.usage })
}

function rejectDisabled(user: UserRecord): void {
  if (user.disabledAt === null) return
  throw new ProgramError(`user "${user.name}" is disabled`, {
    hint: `Enable it first with: warren relay users enable ${user.name}`,
  })
}

/** The next start of the relay would silently undo the change. */
function rejectDeclared(user: UserRecord): void {
  if (!user.declared) return
  throw new ProgramError(`user "${user.name}" is declared in the configuration`, {
    hint: `Change DownstreamUsers__${user.name}__… and restart the relay.`,
  })
}
