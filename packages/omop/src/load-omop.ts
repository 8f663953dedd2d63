import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { ExitCode, ProgramError } from '@warren/runtime'

import { CdmFile } from './cdm-file.ts'
import { CDM_TABLES, cdmTable, type CdmTable } from '@warren/cdm'
import { LoadError, LoadProblems, formatProblem } from './load-problem.ts'
import type { OmopTarget } from './omop-target.ts'
import { openTarget, type TargetLocation } from './open-target.ts'

export interface LoadOptions {
  /** A folder with one file per CDM table: `PERSON.csv`, `person.tsv`, `Person.txt.gz`, … */
  readonly from: string
  readonly to: TargetLocation
  /** Default: `main` in DuckDB, the default schema of the database user in PostgreSQL. */
  readonly schema?: string | undefined
  /** Empty all CDM tables first, instead of rejecting tables with rows. */
  readonly replace?: boolean | undefined
  /** Skip unreadable lines, instead of failing. */
  readonly skipBadLines?: boolean | undefined
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
  /** For `PGUSER`, `PGPASSWORD`, … Default: empty. */
  readonly env?: NodeJS.ProcessEnv | undefined
}

export interface LoadProgress {
  readonly step: 'reading' | 'finishing'
  /** Bytes of the files on disk, compressed or not. */
  readonly bytesRead: number
  readonly bytesTotal: number
  readonly file: string
}

export interface LoadedTable {
  readonly table: string
  /** `null` if the folder has no file for the table. */
  readonly file: string | null
  readonly rows: number
  readonly skippedLines: number
}

export interface LoadReport {
  readonly target: string
  readonly tables: readonly LoadedTable[]
  /** Notes on a successful load, one sentence each. */
  readonly notes: readonly string[]
  readonly bytes: number
  readonly durationMs: number
}

interface TableFile {
  readonly table: CdmTable
  readonly name: string
  readonly path: string
  readonly bytes: number
}

/**
 * Loads a folder of CDM files into a database, atomically. Throws `LoadError` (exit code 65, with file, line and column of
 * each problem) if the files are invalid, and `ProgramError` if the target fails.
 */
export async function loadOmop(options: LoadOptions): Promise<LoadReport> {
  const started = performance.now()
  const { files, notes } = await findFiles(options.from)
  const bytesTotal = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const problems = new LoadProblems()

  await using target = await openTarget(options.to, options)
  await target.begin({
    tables: files.map(({ table }) => table),
    replace: options.replace === true,
  })
  const tables: LoadedTable[] = []
  let bytesBefore = 0
  for (const file of files) {
    const reader = new CdmFile(file.path, file.table, problems)
    const report = (step: LoadProgress['step'], bytes: number): void =>
      options.onProgress?.({ step, bytesRead: bytesBefore + bytes, bytesTotal, file: file.name })
    for await (const batch of reader.batches({
      onBytes: (bytes) => report('reading', bytes),
      signal: options.signal,
    })) {
      // After a problem nothing is written, but the rest is read, to report all problems.
      if (problems.total === 0 || options.skipBadLines === true) await target.append(batch)
    }
    bytesBefore += file.bytes
    report('reading', 0)
    if (reader.ignoredColumns.length > 0) {
      notes.push(`${file.name}: unknown columns ignored: ${reader.ignoredColumns.join(', ')}`)
    }
    if (options.skipBadLines === true && reader.skipped > 0 && reader.rows === 0) {
      problems.add({ file: file.name, message: 'has no readable line' }, { fatal: true })
    }
    tables.push({
      table: file.table.name,
      file: file.name,
      rows: reader.rows,
      skippedLines: reader.skipped,
    })
  }
  throwIfAny(problems, options.skipBadLines === true)
  options.onProgress?.({ step: 'finishing', bytesRead: bytesTotal, bytesTotal, file: '' })

  await rejectDuplicateKeys(target, files)
  notes.push(...problems.first.map((problem) => `skipped ${formatProblem(problem)}`))
  const more = problems.total - problems.first.length
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

async function findFiles(folder: string): Promise<{ files: TableFile[]; notes: string[] }> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new ProgramError(`cannot read the folder ${folder}`, {
      exitCode: ExitCode.data,
      hint: 'Use a folder with files named after CDM tables, such as PERSON.csv.',
      cause: error,
    })
  })
  const files: TableFile[] = []
  const notes: string[] = []
  for (const name of names.sort()) {
    const stem = /^(.+?)\.(?:csv|tsv|txt)(?:\.gz)?$/i.exec(name)?.[1]?.toLowerCase()
    const table = stem === undefined ? undefined : cdmTable(stem)
    if (table === undefined) {
      notes.push(`${name}: ignored, because it is not named after a CDM table that Warren loads`)
      continue
    }
    const other = files.find((file) => file.table === table)
    if (other !== undefined) {
      throw new ProgramError(`${other.name} and ${name} are both for the table ${table.name}`, {
        exitCode: ExitCode.data,
        hint: 'Remove one of them from the folder.',
      })
    }
    const path = join(folder, name)
    files.push({ table, name, path, bytes: (await stat(path)).size })
  }
  if (files.length === 0) {
    throw new ProgramError(`no file in ${folder} is named after a CDM table`, {
      exitCode: ExitCode.data,
      hint: 'Name the files PERSON.csv, CONCEPT.csv, CONDITION_OCCURRENCE.csv, … (or .tsv, .txt, .gz).',
    })
  }
  const inCreationOrder = CDM_TABLES.flatMap((one) => files.filter(({ table }) => table === one))
  return { files: inCreationOrder, notes }
}

function throwIfAny(problems: LoadProblems, skipBadLines: boolean): void {
  if (problems.total === 0 || (skipBadLines && problems.fatal === 0)) return
  throw new LoadError(
    problems,
    problems.fatal === 0
      ? { hint: 'Fix the lines, or add --skip-bad-lines to load the others.' }
      : {},
  )
}

async function rejectDuplicateKeys(target: OmopTarget, files: readonly TableFile[]): Promise<void> {
  const duplicates = new LoadProblems()
  for (const { table, rows } of await target.duplicateKeys()) {
    duplicates.add({
      file: files.find((file) => file.table.name === table)?.name ?? table,
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
      },
  )
}
