import type { SqlDialect } from '@warren/cohort'
import { SourceError } from '@warren/database'
import { Backoff, type Logger } from '@warren/runtime'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import type {
  CdmCheck,
  CdmProblem,
  CdmSource,
  CheckOptions,
  QueryOptions,
  Row,
  RowReader,
  SqlStatement,
} from './cdm-source.ts'

export interface WatchedSourceOptions {
  /** Opens the database with the credentials as they are configured now. Called again after it fails. */
  readonly open: () => Promise<CdmSource>
  readonly dialect: SqlDialect
  readonly schema: string
  /** What the site can do about a database that cannot be reached. */
  readonly advice: string
  readonly check: Omit<CheckOptions, 'signal'>
  readonly clock: Clock
  readonly log: Logger
}

/** How often a database with missing tables or privileges is checked again. */
const RECHECK_MS = 60_000

/**
 * The database of a daemon, which may be away, start slowly, or lack tables for a while. It is opened when it is needed,
 * checked while it does not work, and not touched while it works and no task needs it. Each cause is logged once, and the
 * recovery.
 */
export class WatchedSource implements CdmSource {
  readonly dialect: SqlDialect
  readonly schema: string
  readonly #options: WatchedSourceOptions
  #opening: Promise<CdmSource> | undefined
  /** The failure that was logged last. */
  #outage: { readonly cause: string; readonly since: number } | undefined
  /** The problems that were logged last, as text. */
  #reported = ''
  #failed = Promise.withResolvers<void>()

  constructor(options: WatchedSourceOptions) {
    this.#options = options
    this.dialect = options.dialect
    this.schema = options.schema
  }

  get unavailableSince(): number | undefined {
    return this.#outage?.since
  }

  async query(statement: SqlStatement, options?: QueryOptions): Promise<readonly Row[]> {
    return await this.#use((source) => source.query(statement, options))
  }

  async each(
    statement: SqlStatement,
    start: () => RowReader,
    options?: QueryOptions,
  ): Promise<void> {
    await this.#use((source) => source.each(statement, start, options))
  }

  async check(options?: CheckOptions): Promise<CdmCheck> {
    return await this.#use((source) => source.check(options))
  }

  /**
   * Checks the database until `signal` aborts: at the start and after a failure until it works, and never without need, so
   * that a serverless database can sleep. `onCheck` is called after the first attempt, with the result if there is one.
   */
  async watch(signal: AbortSignal, onCheck: (check: CdmCheck | undefined) => void): Promise<void> {
    const { clock } = this.#options
    const backoff = new Backoff({ initialMs: 1000, maxMs: RECHECK_MS })
    while (!signal.aborted) {
      this.#failed = Promise.withResolvers<void>()
      let check: CdmCheck | undefined
      try {
        check = await this.check({ ...this.#options.check, signal })
        if (signal.aborted) return
        this.#report(check)
      } catch (error: unknown) {
        // #use has logged it.
        if (!(error instanceof SourceError)) throw error
      }
      if (signal.aborted) return
      onCheck(check)
      if (check?.ok === true) {
        backoff.reset()
        await untilSettledOrAborted(this.#failed.promise, signal)
        // A statement can fail just before the database ends all connections.
        await clock.sleep(1000, signal)
      } else await clock.sleep(check === undefined ? backoff.next() : RECHECK_MS, signal)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const source = await this.#opening?.catch(() => undefined)
    await source?.[Symbol.asyncDispose]()
  }

  async #use<T>(action: (source: CdmSource) => Promise<T>): Promise<T> {
    try {
      const value = await this.#attempt(action)
      this.#works()
      return value
    } catch (error: unknown) {
      if (error instanceof SourceError) this.#fails(error)
      throw error
    }
  }

  /** A rejected login is tried once more with the credentials as they are configured now: a password may have changed. */
  async #attempt<T>(action: (source: CdmSource) => Promise<T>): Promise<T> {
    const source = await this.#open()
    const opening = this.#opening
    try {
      return await action(source)
    } catch (error: unknown) {
      if (!(error instanceof SourceError && isRejectedLogin(error))) throw error
      if (this.#opening === opening) {
        this.#opening = undefined
        void close(source)
      }
      return await action(await this.#open())
    }
  }

  async #open(): Promise<CdmSource> {
    this.#opening ??= this.#options.open()
    const opening = this.#opening
    try {
      return await opening
    } catch (error: unknown) {
      if (this.#opening === opening) this.#opening = undefined
      throw error
    }
  }

  #works(): void {
    const { log, clock } = this.#options
    if (this.#outage === undefined) return
    log.info({ downMs: clock.now() - this.#outage.since }, BunnyEvent.databaseRecovered)
    this.#outage = undefined
  }

  #fails(error: SourceError): void {
    const { log, clock, advice } = this.#options
    const { kind, code, message: detail } = error
    // The schema may have changed since the check.
    if (/^missing-|^authentication$|^unavailable$/.test(kind)) this.#failed.resolve()
    const isOutage = kind === 'unavailable' || isRejectedLogin(error)
    if (!isOutage) return
    // Connection errors of one outage have many codes.
    const cause = kind === 'unavailable' && error.retryable ? kind : `${kind} ${code}`
    if (this.#outage?.cause === cause) return
    const since = this.#outage?.since ?? clock.now()
    this.#outage = { cause, since }
    log.error({ kind, code, detail, advice }, BunnyEvent.databaseUnavailable)
  }

  #report(check: CdmCheck): void {
    const { log } = this.#options
    const text = JSON.stringify(check.problems)
    if (text === this.#reported) return
    const hadErrors = this.#reported.includes('"severity":"error"')
    this.#reported = text
    for (const problem of check.problems) logProblem(log, problem)
    if (hadErrors && check.ok) log.info(BunnyEvent.cdmRecovered)
  }
}

/** SQLSTATE insufficient_privilege: the login works. */
const NO_PRIVILEGE = '42501'

/** A source that cannot log in has nothing left to finish. */
async function close(source: CdmSource): Promise<void> {
  try {
    await source[Symbol.asyncDispose]()
  } catch {
    // Its connections are lost anyway.
  }
}

const isRejectedLogin = ({ kind, code }: SourceError): boolean =>
  kind === 'authentication' && code !== NO_PRIVILEGE

function logProblem(log: Logger, problem: CdmProblem): void {
  const { severity, message: detail, ...fields } = problem
  log[severity === 'error' ? 'error' : 'warn']({ ...fields, detail }, BunnyEvent.cdmProblem)
}

async function untilSettledOrAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>()
  const onAbort = (): void => aborted.resolve()
  if (signal.aborted) return
  signal.addEventListener('abort', onAbort, { once: true })
  await Promise.race([promise, aborted.promise])
  signal.removeEventListener('abort', onAbort)
}
