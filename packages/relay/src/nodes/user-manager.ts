import { ExitCode, nearestName, ProgramError } from '@warren/runtime'
import type { NodeRecord, UserRecord, UserStore } from '../store/relay-store.ts'
import { generatePassword } from './password-generator.ts'
import { hashPassword, isReadableHash } from './password-hash.ts'
import { usernameProblem } from './username.ts'

/** What a person has to enter into the configuration of a node. The password is shown once and kept nowhere. */
export interface NewUser {
  readonly username: string
  readonly password: string
  /** Canonical id of the user's first node. */
  readonly collectionId: string
}

/** A user of another hub, brought along with the hash of the password it keeps. */
export interface ImportedUser {
  readonly username: string
  readonly passwordHash: string
  readonly collectionIds: readonly string[]
}

/**
 * Managing users and nodes by hand. Every method rejects with a ProgramError that says what to do when a name is
 * unknown or taken, and with the store's error when it is down.
 */
export class UserManager {
  readonly #users: UserStore

  constructor(users: UserStore) {
    this.#users = users
  }

  /** A new user with a generated password and one node. */
  async add(name: string): Promise<NewUser> {
    checkName(name)
    const password = generatePassword()
    const passwordHash = await hashPassword(password)
    const user = await this.#users.addUser({ name, passwordHash, declared: false })
    const node = await this.#users.addNode(user.id)
    return { username: user.name, password, collectionId: node.id }
  }

  list(): Promise<readonly UserRecord[]> {
    return this.#users.listUsers()
  }

  async resetPassword(name: string): Promise<{ username: string; password: string }> {
    const user = await this.#find(name)
    refuseDeclared(user)
    const password = generatePassword()
    await this.#users.setPasswordHash(user.id, await hashPassword(password))
    return { username: user.name, password }
  }

  async addNode(name: string): Promise<{ username: string; collectionId: string }> {
    const user = await this.#find(name)
    refuseDeclared(user)
    const node = await this.#users.addNode(user.id)
    return { username: user.name, collectionId: node.id }
  }

  async listNodes(name: string): Promise<readonly NodeRecord[]> {
    const user = await this.#find(name)
    const nodes = await this.#users.listNodes()
    return nodes.filter((node) => node.userId === user.id)
  }

  /** Removes nodes, with what they were asked and have not answered; their ids as removed. */
  async removeNodes(name: string, nodeIds: readonly string[]): Promise<readonly string[]> {
    const user = await this.#find(name)
    refuseDeclared(user)
    const foreign = nodeIds.filter((nodeId) => !user.nodeIds.includes(nodeId))
    if (foreign.length > 0) {
      throw new ProgramError(`${user.name} has no such node: ${foreign.join(', ')}`, {
        hint: `Nodes of ${user.name}: ${user.nodeIds.join(', ')}`,
      })
    }
    for (const nodeId of nodeIds) await this.#users.removeNode(nodeId)
    return nodeIds
  }

  /** With all its nodes. */
  async remove(name: string): Promise<UserRecord> {
    const user = await this.#find(name)
    refuseDeclared(user)
    await this.#users.removeUser(user.id)
    return user
  }

  async import(imported: ImportedUser): Promise<UserRecord> {
    checkName(imported.username)
    const { username: name, passwordHash } = imported
    if (!isReadableHash(passwordHash)) {
      throw new ProgramError(`the password hash of ${name} is in no form this hub can verify`, {
        exitCode: ExitCode.data,
        hint: 'ASP.NET Identity v3 and our own scrypt hashes can be brought along.',
      })
    }
    const user = await this.#users.addUser({ name, passwordHash, declared: false })
    for (const id of imported.collectionIds) await this.#users.addNode(user.id, { id })
    return { ...user, nodeIds: imported.collectionIds }
  }

  async #find(name: string): Promise<UserRecord> {
    const user = await this.#users.findUser(name)
    if (user !== null) return user
    const names = (await this.#users.listUsers()).map((other) => other.name)
    const nearest = nearestName(name, names)
    throw new ProgramError(`there is no user named "${name}"`, {
      hint: nearest === undefined ? 'See: relay users list' : `Did you mean ${nearest}?`,
    })
  }
}

function checkName(name: string): void {
  const problem = usernameProblem(name)
  if (problem !== undefined) throw new ProgramError(problem, { exitCode: ExitCode.usage })
}

/** The next start would undo it without a word. */
function refuseDeclared(user: UserRecord): void {
  if (!user.declared) return
  throw new ProgramError(`${user.name} is declared by the configuration`, {
    hint: `Change DownstreamUsers__${user.name}__… and restart the hub.`,
  })
}
