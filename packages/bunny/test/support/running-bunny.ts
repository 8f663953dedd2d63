import { SourceError } from '@warren/database'
import type { EncodedResult } from '@warren/task-api'
import { startBunny, type BunnyHandle } from '../../src/bunny.ts'
import { loadBunnyConfig } from '../../src/config.ts'
import type { CdmSource, QueryOptions, Row, SqlStatement } from '../../src/sources/cdm-source.ts'
import { eachRowOf } from './each-row.ts'
import { recordingLog, type LogLine } from './log-lines.ts'
import type { ScriptedTaskApi } from './scripted-task-api.ts'

export const COLLECTION = 'secret-collection-7'

export interface RunningBunny extends AsyncDisposable {
  readonly lines: LogLine[]
  /** The events so far, without polls. */
  readonly events: string[]
  /** The log lines with level error. */
  readonly errors: LogLine[]
  readonly handle: BunnyHandle
}

/** A bunny in this process that polls `api`. Its variables are set for speed, and `env` overrides them. */
export async function runBunny(
  api: Pick<ScriptedTaskApi, 'url'>,
  source: CdmSource,
  env: NodeJS.ProcessEnv = {},
  onDryRun?: (result: EncodedResult) => void,
): Promise<RunningBunny> {
  const { log, lines } = recordingLog([COLLECTION, 'hunter2'])
  const config = loadBunnyConfig({
    TASK_API_BASE_URL: api.url,
    TASK_API_USERNAME: 'site-a',
    TASK_API_PASSWORD: 'hunter2',
    TASK_API_ENFORCE_HTTPS: 'false',
    COLLECTION_ID: COLLECTION,
    POLLING_INTERVAL: '1s',
    POLL_WAIT_SECONDS: '1',
    INITIAL_BACKOFF: '100ms',
    MAX_BACKOFF: '400ms',
    DATASOURCE_DB_DRIVERNAME: 'duckdb',
    BUNNY_SHUTDOWN_TIMEOUT: '2s',
    ...('BUNNY_STATE_DIR' in env || 'BUNNY_OUTBOX_DIR' in env ? {} : { BUNNY_STATE: 'memory' }),
    ...env,
  })
  const handle = await startBunny(config, {
    log,
    source,
    env: {},
    ...(onDryRun === undefined ? {} : { onDryRun }),
  })
  return {
    lines,
    handle,
    get events() {
      return lines.map(({ msg }) => msg).filter((msg) => !/poll|no task|link summary/.test(msg))
    },
    get errors() {
      return lines.filter(({ level }) => level >= 50)
    },
    [Symbol.asyncDispose]: () => handle[Symbol.asyncDispose](),
  }
}

/** A source that delays statements: those that match `pattern` wait until `release` is called or they are cancelled. */
export class HeldSource implements CdmSource {
  readonly dialect
  readonly schema
  queries = 0
  /** How many of them matched the pattern and were stopped at the gate. */
  held = 0
  cancelled = 0
  readonly #source: CdmSource
  readonly #pattern: RegExp
  readonly #gate = Promise.withResolvers<void>()

  constructor(source: CdmSource, pattern: RegExp) {
    this.#source = source
    this.#pattern = pattern
    this.dialect = source.dialect
    this.schema = source.schema
  }

  release(): void {
    this.#gate.resolve()
  }

  async query(statement: SqlStatement, options: QueryOptions = {}): Promise<readonly Row[]> {
    this.queries += 1
    if (this.#pattern.test(statement.text)) {
      this.held += 1
      const aborted = Promise.withResolvers<never>()
      options.signal?.addEventListener('abort', () => {
        this.cancelled += 1
        aborted.reject(new SourceError('cancelled', 'the statement was cancelled'))
      })
      await Promise.race([this.#gate.promise, aborted.promise])
    }
    return this.#source.query(statement, options)
  }

  readonly each = eachRowOf((statement, options) => this.query(statement, options))

  check(): ReturnType<CdmSource['check']> {
    return this.#source.check()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}
