import { formatHost, SourceError } from '@warren/database'
import { REQUIRED_TABLES } from '../sources/cdm-requirements.ts'
import { openSource, type SourceConfig } from '../sources/engines.ts'
import type {
  CdmCheck,
  CdmProblem,
  CdmProblemCode,
  CdmSource,
  CheckOptions,
} from '../sources/cdm-source.ts'
import type { Checklist, StepName } from './checklist.ts'
import { openTcp } from './connect.ts'
import { tcpProblem } from './connection-problem.ts'
import { failed, ok, warning, type Finding } from './step.ts'

const step = (id: string, title: string, limitMs?: number): StepName => ({
  id: `database.${id}`,
  area: 'database',
  title,
  ...(limitMs === undefined ? {} : { limitMs }),
})

/** The steps after the database is open, in order. They are skipped together. */
const READING = {
  tables: step('tables', 'tables and columns', 30_000),
  privileges: step('privileges', 'privileges'),
  indexes: step('indexes', 'indexes'),
} as const

/** Reaches the database and logs in. The caller disposes the source. */
export async function checkConnection(
  list: Checklist,
  config: SourceConfig,
): Promise<CdmSource | undefined> {
  let reachable = true
  if (config.driver === 'postgresql') {
    for (const address of config.hosts.filter(({ host }) => !host.startsWith('/'))) {
      const where = formatHost(address)
      const answers = await list.run(step('tcp', `TCP to ${where}`, 5_000), async (signal) => {
        try {
          ;(await openTcp(address.host, address.port, signal)).destroy()
          return ok('connected')
        } catch (error: unknown) {
          return tcpProblem(error)
        }
      })
      reachable = answers && reachable
    }
  }
  const title = config.driver === 'duckdb' ? 'file' : 'login'
  const name = step('login', title, 15_000)
  if (!reachable && config.driver === 'postgresql' && config.hosts.length === 1) {
    list.skip(name, 'the server cannot be reached')
    return undefined
  }
  let source: CdmSource | undefined
  await list.run(name, async (signal) => {
    const opening = openSource(config)
    try {
      const opened = await opening
      if (signal.aborted) await opened[Symbol.asyncDispose]()
      else source = opened
      return await describeSession(config, opened)
    } catch (error: unknown) {
      if (!(error instanceof SourceError)) throw error
      return failed(withCode(error), ...adviceFor(error, config))
    }
  })
  return source
}

async function describeSession(config: SourceConfig, source: CdmSource): Promise<Finding> {
  if (config.driver === 'duckdb') return ok('opened read-only')
  const [row] = await source.query({
    text: `SELECT current_user AS "user",
                  (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl) AS tls`,
    values: [],
  })
  const user = String(row?.['user'] ?? '')
  const tls = row?.['tls']
  if (tls != null) return ok(`accepted as ${user}, ${String(tls)}`)
  const isLocal = config.hosts.every(({ host }) => /^(?:\/|localhost$|127\.|::1$)/.test(host))
  if (isLocal) return ok(`accepted as ${user}, without TLS on this machine`)
  return warning(
    `accepted as ${user}, but the connection is not encrypted`,
    `Set DATASOURCE_DB_CONNECTION_QUERY={"sslmode":"verify-full"} if the server supports TLS.`,
  )
}

const withCode = ({ message, code }: SourceError): string =>
  code === '' ? message : `${message} (${code})`

function adviceFor(error: SourceError, config: SourceConfig): string[] {
  if (config.driver === 'duckdb') {
    return ['Check DATASOURCE_DUCKDB_PATH_TO_DB, and that the user of the bunny can read the file.']
  }
  if (error.code === '3D000') return ['Check DATASOURCE_DB_DATABASE.']
  if (error.kind === 'authentication') {
    return [
      'Check DATASOURCE_DB_USERNAME and DATASOURCE_DB_PASSWORD, and pg_hba.conf of the server for this machine.',
    ]
  }
  if (error.code === 'NO_TLS') {
    return [
      'Set "sslmode":"prefer" in DATASOURCE_DB_CONNECTION_QUERY, or enable TLS on the server.',
    ]
  }
  if (error.message.includes('TLS')) {
    return ['Check sslmode and sslrootcert in DATASOURCE_DB_CONNECTION_QUERY.']
  }
  return ['Check DATASOURCE_DB_HOST and DATASOURCE_DB_PORT, and that a PostgreSQL listens there.']
}

/** Compares the catalogue with what tasks read. Returns whether tasks can be answered. */
export async function checkTables(
  list: Checklist,
  source: CdmSource,
  options: Omit<CheckOptions, 'signal'>,
): Promise<boolean> {
  let check: CdmCheck | undefined
  await list.run(READING.tables, async (signal) => {
    try {
      check = await source.check({ ...options, signal })
    } catch (error: unknown) {
      if (!(error instanceof SourceError)) throw error
      return failed(withCode(error))
    }
    const where = check.schema === '' ? '' : `, schema ${check.schema}`
    return fromProblems(
      check,
      ['missing-table', 'missing-column', 'wrong-type', 'empty-table'],
      `all that tasks read (${check.server}${where})`,
    )
  })
  if (check === undefined) {
    list.skip(READING.privileges, 'the catalogue cannot be read')
    list.skip(READING.indexes, 'the catalogue cannot be read')
    return false
  }
  const { problems } = check
  const catalogue = check
  await list.run(READING.privileges, async (signal) => {
    const denied = problems.filter(({ code }) => code === 'no-privilege')
    if (denied.length > 0) return fromProblems(catalogue, ['no-privilege'], '')
    return await checkReadOnly(source, signal)
  })
  await list.run(READING.indexes, () =>
    source.dialect === 'duckdb'
      ? ok('not needed (DuckDB skips blocks)')
      : fromProblems(catalogue, ['missing-index'], 'each table has one for the concepts of tasks'),
  )
  return problems.every(({ severity }) => severity !== 'error')
}

/** One finding for all problems of these kinds. Statements to paste are listed once each. */
function fromProblems(
  check: CdmCheck,
  codes: readonly CdmProblemCode[],
  whenFine: string,
): Finding {
  const problems = check.problems.filter(({ code }) => codes.includes(code))
  if (problems.length === 0) return ok(whenFine)
  const status = problems.some(({ severity }) => severity === 'error') ? 'failed' : 'warning'
  return {
    status,
    detail: problems.map(({ message }) => message).join('; '),
    advice: [...new Set(problems.map(hintOf))],
  }
}

const hintOf = ({ hint, code }: CdmProblem): string =>
  code === 'missing-index' || code === 'no-privilege' ? `${hint};` : hint

const WRITABLE = `
SELECT count(*) FILTER (WHERE has_table_privilege(c.oid, 'INSERT') OR has_table_privilege(c.oid, 'UPDATE')
                           OR has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE')) AS writable,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
       current_user AS "user"
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'f')
   AND lower(c.relname) = ANY (string_to_array($1, ','))
   AND CASE WHEN $2 = '' THEN n.nspname = ANY (current_schemas(false)) ELSE n.nspname = $2 END`

const CDM_NAMES = REQUIRED_TABLES.map(({ name }) => name).join(',')

/** The bunny writes nothing. A user that can write is a risk that is not needed. */
async function checkReadOnly(source: CdmSource, signal: AbortSignal): Promise<Finding> {
  if (source.dialect === 'duckdb') return ok('the file is opened read-only')
  const [row] = await source.query(
    { text: WRITABLE, values: [CDM_NAMES, source.schema] },
    { signal },
  )
  const user = String(row?.['user'] ?? '')
  if (row?.['superuser'] === true) {
    return warning(
      `the database user ${user} is a superuser`,
      'Use a user that can only read: CREATE ROLE bunny LOGIN; GRANT SELECT on the tables of the CDM.',
    )
  }
  if (Number(row?.['writable'] ?? 0) > 0) {
    return warning(
      `the database user ${user} can write to tables of the CDM; the bunny only reads`,
      'Use a user that has only SELECT and does not own the tables.',
    )
  }
  return ok('can read, and cannot write')
}
