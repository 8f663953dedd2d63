import { ExitCode, ProgramError } from '@warren/runtime'

/**
 * The database failed. The message contains the operation and the database's code, never a value: databases quote
 * parameters in their messages, and the relay's parameters include results.
 */
export class StoreError extends Error {
  /** SQLSTATE, SQLite result code, or a network error code such as ECONNREFUSED. */
  readonly code: string
  /** The database is unreachable or not ready. The same call may succeed in a moment (503). */
  readonly unavailable: boolean
  /** The database is available, but rejects the relay until an operator changes something. */
  readonly waitingIsUseless: boolean
  /** What an operator can do. Undefined if nothing is known. */
  readonly hint: string | undefined

  constructor(operation: string, failure: StoreFailure) {
    const { code, text } = failure
    super(`cannot ${operation} (${text === '' ? code : `${code}: ${text}`})`, {
      cause: failure.cause,
    })
    this.name = 'StoreError'
    this.code = code
    this.unavailable = failure.unavailable
    this.waitingIsUseless = failure.waitingIsUseless
    this.hint = failure.hint
  }
}

/** Code of a call that exceeded its timeout. */
export const TIMEOUT = 'TIMEOUT'

/** A driver's error, classified by an adapter. */
export interface StoreFailure {
  readonly code: string
  /** Description without values, or "". */
  readonly text: string
  readonly unavailable: boolean
  /** The transaction was rolled back for a transient reason (deadlock, busy) and can be run again. */
  readonly transient: boolean
  /**
   * `writes`: reading may still work, because the database is read-only or its disk is full. `tables`: statements on other
   * tables may still work.
   */
  readonly affects: 'everything' | 'writes' | 'tables'
  /** The database rejects the relay. That does not end by itself. */
  readonly waitingIsUseless: boolean
  /** What an operator can do, one sentence. */
  readonly hint?: string
  readonly cause: Error
}

export class NameTakenError extends ProgramError {
  override readonly name = 'NameTakenError'
  constructor(name: string) {
    super(`user "${name}" already exists`, {
      hint: 'Choose another name: upper and lower case make no difference.',
    })
  }
}

export class NodeTakenError extends ProgramError {
  override readonly name = 'NodeTakenError'
  constructor(nodeId: string) {
    super(`node ${nodeId} already exists`, {
      hint: 'Choose another collection ID, or leave it out to generate one.',
    })
  }
}

export class UnknownUserError extends ProgramError {
  override readonly name = 'UnknownUserError'
  constructor(userId: string) {
    super(`user ${userId} does not exist`)
  }
}

/** The schema is older than this release needs. */
export class SchemaTooOldError extends ProgramError {
  override readonly name = 'SchemaTooOldError'
  constructor(found: number, known: number) {
    super(`the database has schema version ${found}, but this release needs version ${known}`, {
      exitCode: ExitCode.config,
      hint: 'Update the database with: warren relay database update',
    })
  }
}

/** A newer release migrated the database. This release could damage data that the newer one relies on. */
export class SchemaTooNewError extends ProgramError {
  override readonly name = 'SchemaTooNewError'
  constructor(found: number, known: number) {
    super(`the database has schema version ${found}, but this release supports up to ${known}`, {
      exitCode: ExitCode.config,
      hint: 'Run the release that migrated the database or a newer one, or restore a backup from before the upgrade.',
    })
  }
}
