import { ExitCode, ProgramError } from '@warren/runtime'

/**
 * The database failed. The message names the verb and the database's code, never a value: messages
 * of databases quote parameters, and ours are people's answers.
 */
export class StoreError extends Error {
  /** SQLSTATE, SQLite result code, or the network's code such as ECONNREFUSED. */
  readonly code: string
  /** True: not reachable or not ready; the same call may succeed in a moment (503). */
  readonly unavailable: boolean

  constructor(verb: string, failure: StoreFailure) {
    super(
      `store: ${verb} failed (${failure.code}${failure.text === '' ? '' : `: ${failure.text}`})`,
      {
        cause: failure.cause,
      },
    )
    this.name = 'StoreError'
    this.code = failure.code
    this.unavailable = failure.unavailable
  }
}

/** Code of a wait that was given up. */
export const TIMEOUT = 'TIMEOUT'

/** What an adapter knows about an error of its driver. */
export interface StoreFailure {
  readonly code: string
  /** Free of values, or "". */
  readonly text: string
  readonly unavailable: boolean
  /** The transaction was rolled back for a reason that passes (deadlock, busy): run it again. */
  readonly transient: boolean
  readonly cause: Error
}

export class NameTakenError extends ProgramError {
  override readonly name = 'NameTakenError'
  constructor(name: string) {
    super(`a user named "${name}" exists already`, { hint: 'names are compared without case' })
  }
}

export class NodeTakenError extends ProgramError {
  override readonly name = 'NodeTakenError'
  constructor(nodeId: string) {
    super(`a node with the id ${nodeId} exists already`, {
      hint: 'every node needs an id of its own; leave it out to get a new one',
    })
  }
}

export class UnknownUserError extends ProgramError {
  override readonly name = 'UnknownUserError'
  constructor(userId: string) {
    super(`there is no user with the id ${userId}`)
  }
}

/** The database lacks what this release needs. */
export class SchemaTooOldError extends ProgramError {
  override readonly name = 'SchemaTooOldError'
  constructor(found: number, known: number) {
    super(`the database has schema version ${found}, this program needs version ${known}`, {
      exitCode: ExitCode.config,
      hint: 'bring it up to date with this program: relay database update',
    })
  }
}

/** The database was made by a newer release; working on it could lose what that release relies on. */
export class SchemaTooNewError extends ProgramError {
  override readonly name = 'SchemaTooNewError'
  constructor(found: number, known: number) {
    super(`the database has schema version ${found}, this program knows versions up to ${known}`, {
      exitCode: ExitCode.config,
      hint: 'run the release that made it, or a newer one; going back needs a backup from before the upgrade',
    })
  }
}
