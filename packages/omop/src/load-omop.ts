import { CDM_TABLES, cdmTable } from '@warren/cdm'
import { shellWord } from '@warren/runtime'
import { findExport, type ExportedTable } from './export-folder.ts'
import { LoadError, LoadProblems, formatProblem } from './load-problem.ts'
import type { LoadedTable, LoadProgress, LoadReport } from './load-report.ts'
import type { OmopTarget } from './omop-target.ts'
import { loadTable } from './load-table.ts'
import { openTarget, type TargetLocation } from './open-target.ts'

export interface LoadOptions {
  /** A folder with a file, numbered parts or a folder of parts per CDM table: see `findExport`. */
  readonly from: string
  readonly to: TargetLocation
  /** Default: `main` in DuckDB, the default schema of the database user in PostgreSQL. */
  readonly schema?: string | undefined
  /** Empty all CDM tables first, instead of rejecting tables with rows. */
  readonly replace?: boolean | undefined
  /** Texts that stand for a missing value, such as `NA`, besides an empty field and `\\N`. */
  readonly nullMarkers?: readonly string[] | undefined
  /** Skip unreadable lines, instead of failing. */
  readonly skipBadLines?: boolean | undefined
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
  /** For `PGUSER`, `PGPASSWORD`, … Default: empty. */
  readonly env?: NodeJS.ProcessEnv | undefined
}

/**
 * Loads a folder of CDM files into a database, atomically. Throws `LoadError` (exit code 65, with file, line and column of
 * each problem) if the files are invalid, and `ProgramError` if the target fails.
 */
export async function loadOmop(options: LoadOptions): Promise<LoadReport> {
  const started = performance.now()
  const { tables: exported, notes } = await findExport(options.from)
  const bytesTotal = exported.reduce((sum, { files }) => sum + totalBytes(files), 0)
  const problems = new LoadProblems()

  await using target = await openTarget(options.to, options)
  await target.begin({
    tables: exported.map(({ table }) => table),
    replace: options.replace === true,
  })
  const tables: LoadedTable[] = []
  let bytesBefore = 0
  for (const one of exported) {
    tables.push(
      await loadTable(one, { ...options, target, problems, notes, bytesBefore, bytesTotal }),
    )
    bytesBefore += totalBytes(one.files)
  }
  throwIfAny(problems, options.skipBadLines === true)
  options.onProgress?.({ step: 'finishing', bytesRead: bytesTotal, bytesTotal, file: '' })

  await rejectDuplicateKeys(target, exported)
  notes.push(...problems.first.map((problem) => `skipped ${formatProblem(problem)}`))
  const more = problems.total - problems.first.reduce((sum, { count }) => sum + count, 0)
  if (more > 0) notes.push(`… and ${more} more ${more === 1 ? 'problem' : 'problems'}`)
  notes.push(...(await describeOrphans(target)))
  options.signal?.throwIfAborted()
  await target.commit()
  notes.push(
    ...target.skippedColumns.map(
      (column) => `skipped ${column}: the existing table has no such column`,
    ),
  )
  return {
    target: target.description,
    tables: inOrder(tables),
    notes,
    bytes: bytesTotal,
    durationMs: performance.now() - started,
  }
}

function throwIfAny(problems: LoadProblems, skipBadLines: boolean): void {
  if (problems.total === 0 || (skipBadLines && problems.fatal === 0)) return
  const hint = hintFor(problems)
  throw new LoadError(problems, hint === undefined ? {} : { hint })
}

function hintFor({ markers, fatal }: LoadProblems): string | undefined {
  const missing = [...markers].map((marker) => `--null ${shellWord(marker)}`)
  if (missing.length > 0) return `Add ${missing.join(' ')} to read such fields as empty.`
  return fatal === 0 ? 'Fix the lines, or add --skip-bad-lines to load the others.' : undefined
}

async function rejectDuplicateKeys(
  target: OmopTarget,
  exported: readonly ExportedTable[],
): Promise<void> {
  const duplicates = new LoadProblems()
  for (const { table, rows } of await target.duplicateKeys()) {
    duplicates.add({
      file: exported.find((one) => one.table.name === table)?.label ?? table,
      column: cdmTable(table)?.key ?? '',
      message: `must be unique, but ${rows === 1 ? '1 row repeats' : `${rows} rows repeat`} the value of another row`,
    })
  }
  if (duplicates.total > 0) throw new LoadError(duplicates)
}

async function describeOrphans(target: OmopTarget): Promise<string[]> {
  const orphans = await target.orphans()
  return orphans.map(
    ({ table, rows }) =>
      `${table}: ${rows === 1 ? '1 row has' : `${rows} rows have`} a person_id that is not in the table person`,
  )
}

function inOrder(loaded: readonly LoadedTable[]): LoadedTable[] {
  return CDM_TABLES.map(
    ({ name }) =>
      loaded.find(({ table }) => table === name) ?? {
        table: name,
        file: null,
        rows: 0,
        skippedLines: 0,
        emptiedValues: 0,
      },
  )
}

function totalBytes(files: ExportedTable['files']): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}
