import { CDM_EVENT_TABLES } from '@warren/cdm'
import { DIALECTS } from '@warren/cohort'
import { SourceError } from '@warren/database'
import type { CdmSource } from '../sources/cdm-source.ts'
import type { Checklist, StepName } from './checklist.ts'
import { ok, warning, type Finding } from './step.ts'

const step = (id: string, title: string, limitMs: number): StepName => ({
  id: `database.${id}`,
  area: 'database',
  title,
  limitMs,
})

/** A large hospital takes longer: the step then says so and does not fail. */
const QUERY_LIMIT_MS = 10_000

const PERSONS = step('persons', 'persons', QUERY_LIMIT_MS + 1000)
const ORPHANS = step('orphans', 'events without a person', QUERY_LIMIT_MS + 1000)
const QUESTION = step('question', 'a question', 60_000)
const DISTRIBUTION = step('distribution', 'a distribution', QUERY_LIMIT_MS + 1000)

/** The tables that every site reads, with their concept columns. */
const EVENTS = CDM_EVENT_TABLES.filter((table) => table.switch === undefined).map(
  ({ name, event }) => [name, event.concept] as const,
)

export interface DataCheck {
  readonly source: CdmSource
  /** Answers an availability task by the way of the daemon. Resolves to the reason if it fails. */
  readonly answer: (task: object) => Promise<string | undefined>
  readonly availabilityTimeoutMs: number
  readonly distributionTimeoutMs: number
}

export function skipData(list: Checklist, reason: string): void {
  for (const name of [PERSONS, ORPHANS, QUESTION, DISTRIBUTION]) list.skip(name, reason)
}

/** Looks at the data itself: who is in it, and how long questions take. Every query is bounded in time. */
export async function checkData(list: Checklist, check: DataCheck): Promise<void> {
  const { source } = check
  await list.run(PERSONS, () => inTime((signal) => countPersons(source, signal)))
  await list.run(ORPHANS, () => inTime((signal) => countOrphans(source, signal)))
  await list.run(QUESTION, async () => {
    const startedAt = performance.now()
    const reason = await check.answer(SAMPLE_TASK)
    const took = performance.now() - startedAt
    if (reason !== undefined) {
      return { status: 'failed', detail: `a sample task was not answered: ${reason}` }
    }
    const what = `a sample task was answered in ${seconds(took)}`
    return took < check.availabilityTimeoutMs / 4
      ? ok(what)
      : warning(what, 'Create the missing indexes, run ANALYZE, or give the database more memory.')
  })
  await list.run(DISTRIBUTION, () =>
    inTime((signal) => estimateDistribution(source, check.distributionTimeoutMs, signal)),
  )
}

/** Women: every site has the gender concept 8532, and the question reads all of `person`. */
const SAMPLE_TASK = {
  uuid: 'check',
  collection: 'check',
  owner: 'check',
  cohort: {
    groups: [
      {
        rules: [
          { varname: 'OMOP', varcat: 'Person', type: 'TEXT', oper: '=', value: '8532' },
          { varname: 'OMOP', varcat: 'Condition', type: 'TEXT', oper: '=', value: '320128' },
        ],
        rules_oper: 'OR',
      },
    ],
    groups_oper: 'OR',
  },
  char_salt: '',
  protocol_version: 'v2',
}

/** A query that is too slow is not a failure: questions have more time than this check. */
async function inTime(work: (signal: AbortSignal) => Promise<Finding>): Promise<Finding> {
  try {
    return await work(AbortSignal.timeout(QUERY_LIMIT_MS))
  } catch (error: unknown) {
    if (!(error instanceof SourceError)) throw error
    if (error.kind === 'cancelled' || error.kind === 'timeout') {
      return ok(`not known: counting took longer than ${seconds(QUERY_LIMIT_MS)}`)
    }
    const code = error.code === '' ? '' : ` (${error.code})`
    return { status: 'failed', detail: `${error.message}${code}` }
  }
}

async function countPersons(source: CdmSource, signal: AbortSignal): Promise<Finding> {
  const [row] = await source.query(
    {
      text: `SELECT count(*) AS rows, count(DISTINCT person_id) AS people FROM ${tableName(source, 'person')}`,
      values: [],
    },
    { signal },
  )
  const rows = Number(row?.['rows'] ?? 0)
  const people = Number(row?.['people'] ?? 0)
  if (rows === 0) return warning('person has no rows', 'Load the data: each count is 0 until then.')
  if (rows === people) return ok(`${count(people, 'person', 'persons')}, each in one row`)
  return warning(
    `${count(people, 'person', 'persons')} in ${count(rows, 'row', 'rows')}: person_id is not unique`,
    'Each person is counted once, with any of the rows. Find them: SELECT person_id FROM person GROUP BY 1 HAVING count(*) > 1',
  )
}

const MAX_ORPHANS = 1000

async function countOrphans(source: CdmSource, signal: AbortSignal): Promise<Finding> {
  const person = tableName(source, 'person')
  const parts = EVENTS.map(
    ([table]) => `SELECT '${table}' AS "table", count(*) AS n FROM (
      SELECT 1 FROM ${tableName(source, table)} e
       WHERE NOT EXISTS (SELECT 1 FROM ${person} p WHERE p.person_id = e.person_id)
       LIMIT ${MAX_ORPHANS}) found`,
  )
  const rows = await source.query({ text: parts.join(' UNION ALL '), values: [] }, { signal })
  const found = rows.filter((row) => Number(row['n']) > 0)
  if (found.length === 0) return ok('none')
  const what = found.map((row) => {
    const n = Number(row['n'])
    return `${String(row['table'])} ${n === MAX_ORPHANS ? `${MAX_ORPHANS} or more` : n}`
  })
  return warning(
    `rows whose person_id is not in person: ${what.join(', ')}`,
    'They are not counted. Load the missing persons, or delete the rows.',
  )
}

const SAMPLE_ROWS = 100_000

/** Groups a sample of the largest table, and extrapolates to the rows of all tables. */
async function estimateDistribution(
  source: CdmSource,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Finding> {
  const sizes = await tableSizes(source, signal)
  const total = sizes.reduce((sum, { rows }) => sum + rows, 0)
  const largest = sizes.toSorted((a, b) => b.rows - a.rows)[0]
  if (largest === undefined || total === 0)
    return ok('not known: there are no events, or no statistics (ANALYZE)')
  const startedAt = performance.now()
  const [row] = await source.query(
    {
      text: `SELECT sum(n) AS rows FROM (
        SELECT concept, count(DISTINCT person_id) AS people, count(*) AS n FROM (
          SELECT ${largest.concept} AS concept, person_id FROM ${tableName(source, largest.table)} LIMIT ${SAMPLE_ROWS}
        ) sample GROUP BY concept) grouped`,
      values: [],
    },
    { signal },
  )
  const sampled = Number(row?.['rows'] ?? 0)
  if (sampled === 0) return ok('not known: there are no events')
  const took = performance.now() - startedAt
  const estimate = (took * Math.max(total, sampled)) / sampled
  const what = `about ${seconds(estimate)} for ${rounded(total)} events (estimated from ${sampled.toLocaleString('en')} of them)`
  return estimate < timeoutMs / 2
    ? ok(what)
    : warning(
        what,
        `Distributions are stopped after ${seconds(timeoutMs)} (BUNNY_DISTRIBUTION_TIMEOUT). Set CACHE_ENABLED=true, or give the database more memory.`,
      )
}

async function tableSizes(
  source: CdmSource,
  signal: AbortSignal,
): Promise<{ table: string; concept: string; rows: number }[]> {
  const names = EVENTS.map(([table]) => `'${table}'`).join(', ')
  const text =
    source.dialect === 'duckdb'
      ? `SELECT lower(table_name) AS name, max(estimated_size) AS rows FROM duckdb_tables() WHERE lower(table_name) IN (${names}) GROUP BY 1`
      : `SELECT lower(c.relname) AS name, max(c.reltuples)::bigint AS rows
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE lower(c.relname) IN (${names}) AND c.relkind IN ('r', 'p', 'm')
            AND CASE WHEN $1 = '' THEN n.nspname = ANY (current_schemas(false)) ELSE n.nspname = $1 END
          GROUP BY 1`
  const values = source.dialect === 'duckdb' ? [] : [source.schema]
  const rows = await source.query({ text, values }, { signal })
  return EVENTS.map(([table, concept]) => {
    const found = rows.find((row) => row['name'] === table)
    // PostgreSQL has -1 for a table that was never analysed.
    return { table, concept, rows: Math.max(0, Number(found?.['rows'] ?? 0)) }
  })
}

const count = (n: number, one: string, many: string): string =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`

function rounded(n: number): string {
  if (n >= 1_000_000) return `${(n / 1_000_000).toFixed(1)} million`
  return n >= 1000 ? `${Math.round(n / 1000)} thousand` : String(n)
}

export function seconds(ms: number): string {
  if (ms < 1000) return `${Math.max(1, Math.round(ms))} ms`
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`
}

/** A CDM table in SQL. The schema is quoted, because sites choose its name. */
function tableName({ schema, dialect }: CdmSource, table: string): string {
  return schema === '' ? table : `${DIALECTS[dialect].identifier(schema)}.${table}`
}
