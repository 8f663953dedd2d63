import { cdmTable } from '@warren/cdm'
import { SQL_DIALECTS, type CohortProblem, type SqlDialect } from '@warren/cohort'
import type { Logger } from '@warren/runtime'
import type { Clock } from '../clock.ts'
import { ConceptNameCache } from '../question/concept-names.ts'
import { namedConcepts, questionWords, readQuestion } from '../question/question.ts'
import { startDeadline } from '../solve/run-query.ts'
import type { SiteSettings } from '../site-settings.ts'
import { solveTask } from '../solve/solve-task.ts'
import type { CdmSource, SqlStatement } from '../sources/cdm-source.ts'
import { VERSION } from '../version.ts'
import { RecordingSource } from './recording-source.ts'

export interface ExplainOptions {
  readonly settings: SiteSettings
  /** Absent: the statements are written but not run. */
  readonly source?: CdmSource
  readonly timeoutMs: number
  readonly clock: Clock
  readonly log: Logger
}

export interface Explanation {
  readonly words: string
  readonly kind: string
  readonly taskId: string
  readonly owner: string
  /** Why the question cannot be answered. */
  readonly problems: readonly CohortProblem[]
  /** The tables that the statements read. */
  readonly tables: readonly string[]
  /** By dialect, in the order in which they run. Empty for a question that cannot be answered. */
  readonly sql: Readonly<Record<string, readonly SqlStatement[]>>
  /** How the database ran it; absent without a database. No number of people is in it. */
  readonly run?: {
    readonly dialect: SqlDialect
    readonly durationMs: number
    readonly statements: readonly {
      readonly durationMs: number
      readonly plan: readonly string[]
    }[]
    /** Why it was not answered. */
    readonly failure?: string
  }
}

/** What a task asks and how it would be answered. Sends nothing, and returns no result. */
export async function explainTask(body: unknown, options: ExplainOptions): Promise<Explanation> {
  const { source, settings, clock } = options
  const question = readQuestion(body, settings.omop)
  const names =
    source === undefined
      ? undefined
      : await new ConceptNameCache(source, () => clock.now()).read(namedConcepts(question))
  const written = await Promise.all(
    SQL_DIALECTS.map(async (dialect) => {
      const recording = new RecordingSource({ dialect, schema: source?.schema ?? '' })
      const { failure } = await solve(body, recording, options)
      return { dialect, statements: recording.statements, failure }
    }),
  )
  const [first] = written
  const statements = first?.statements ?? []
  const problems =
    question.problems.length === 0 && statements.length === 0 && first?.failure !== undefined
      ? [{ path: '', message: first.failure }]
      : question.problems
  return {
    words: questionWords(question, names),
    kind: question.code,
    taskId: question.taskId,
    owner: question.asker.owner,
    problems,
    tables: tablesIn(statements),
    sql: Object.fromEntries(
      written.map((one) => [
        one.dialect,
        one.statements.map(({ text, values }) => ({ text, values })),
      ]),
    ),
    ...(source === undefined || problems.length > 0
      ? {}
      : { run: await run(body, source, options) }),
  }
}

async function run(
  body: unknown,
  source: CdmSource,
  options: ExplainOptions,
): Promise<NonNullable<Explanation['run']>> {
  const recording = new RecordingSource({
    dialect: source.dialect,
    schema: source.schema,
    source,
  })
  const startedAt = performance.now()
  const { failure } = await solve(body, recording, options)
  const durationMs = Math.round(performance.now() - startedAt)
  const statements = []
  for (const statement of recording.statements) {
    statements.push({
      durationMs: statement.durationMs ?? 0,
      plan: await planOf(statement, source, options),
    })
  }
  return {
    dialect: source.dialect,
    durationMs,
    statements,
    ...(failure === undefined ? {} : { failure }),
  }
}

async function solve(
  body: unknown,
  source: CdmSource,
  { settings, timeoutMs, clock, log }: ExplainOptions,
): Promise<{ failure: string | undefined }> {
  const { failure } = await solveTask(body, {
    ...settings,
    source,
    collectionId: undefined,
    version: VERSION,
    encode: true,
    deadline: startDeadline(timeoutMs),
    stop: new AbortController().signal,
    clock,
    log,
  })
  return { failure: failure?.reason }
}

/** Lines of `EXPLAIN`, or none if the database does not support it. */
async function planOf(
  { text, values }: SqlStatement,
  source: CdmSource,
  { timeoutMs }: ExplainOptions,
): Promise<string[]> {
  try {
    const rows = await source.query(
      { text: `EXPLAIN ${text}`, values },
      { signal: AbortSignal.timeout(timeoutMs) },
    )
    return rows.flatMap((row) => {
      // PostgreSQL has one column and one row per line; DuckDB has the text in its second column.
      const cell = Object.values(row).at(-1)
      return typeof cell === 'string' ? cell.trimEnd().split('\n') : []
    })
  } catch {
    return []
  }
}

/** The CDM tables that statements name after FROM or JOIN. */
function tablesIn(statements: readonly SqlStatement[]): string[] {
  const tables = new Set<string>()
  for (const { text } of statements) {
    for (const match of text.matchAll(/\b(?:from|join)\s+(?:"(?:[^"]|"")*"\.)?([a-z_]+)/gi)) {
      const name = match[1]?.toLowerCase() ?? ''
      if (cdmTable(name) !== undefined) tables.add(name)
    }
  }
  return [...tables].toSorted()
}
