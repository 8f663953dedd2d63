import type { ExportedTable } from './export-folder.ts'
import { CdmFile } from './cdm-file.ts'
import type { LoadProblems } from './load-problem.ts'
import type { LoadedTable, LoadProgress } from './load-report.ts'
import type { OmopTarget } from './omop-target.ts'

export interface TableLoad {
  readonly target: OmopTarget
  readonly problems: LoadProblems
  /** Notes on the files of the table are added here. */
  readonly notes: string[]
  readonly nullMarkers?: readonly string[] | undefined
  readonly skipBadLines?: boolean | undefined
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
  /** Bytes of the tables before this one. */
  readonly bytesBefore: number
  readonly bytesTotal: number
}

/** Reads the files of a table and appends their rows, unless there is a problem and bad lines are not skipped. */
export async function loadTable(exported: ExportedTable, load: TableLoad): Promise<LoadedTable> {
  const { table, label } = exported
  const { target, problems, notes, bytesTotal } = load
  const nullMarkers = new Set(load.nullMarkers?.map((marker) => marker.trim()))
  const emptied = new Map<string, number>()
  let rows = 0
  let skippedLines = 0
  let bytesBefore = load.bytesBefore
  for (const { name, path, bytes } of withContent(exported.files)) {
    const file = new CdmFile({ name, path, table, problems, nullMarkers })
    const report = (bytesOfFile: number): void =>
      load.onProgress?.({
        step: 'reading',
        bytesRead: bytesBefore + bytesOfFile,
        bytesTotal,
        file: name,
      })
    for await (const batch of file.batches({ onBytes: report, signal: load.signal })) {
      // After a problem nothing is written, but the rest is read, to report all problems.
      if (problems.total === 0 || load.skipBadLines === true) await target.append(batch)
    }
    bytesBefore += bytes
    report(0)
    const { count, names } = file.unknown
    if (count > 0) notes.push(`${name}: ${unknownColumns(count, names)}`)
    for (const [column, values] of file.emptied) {
      emptied.set(column, (emptied.get(column) ?? 0) + values)
    }
    rows += file.rows
    skippedLines += file.skipped
  }
  if (load.skipBadLines === true && skippedLines > 0 && rows === 0) {
    problems.add({ file: label, message: 'has no readable line' }, { fatal: true })
  }
  if (rows === 0 && problems.total === 0) notes.push(`${label}: has no rows`)
  for (const [column, values] of emptied) {
    const what = values === 1 ? '1 value' : `${values} values`
    notes.push(
      `${label}: ${column}: ${what} could not be read and loaded as empty; no task reads this column`,
    )
  }
  const emptiedValues = [...emptied.values()].reduce((sum, values) => sum + values, 0)
  return { table: table.name, file: label, rows, skippedLines, emptiedValues }
}

/** Spark writes files of 0 bytes for empty partitions. If all files are empty, the first one is reported. */
function withContent(files: ExportedTable['files']): ExportedTable['files'] {
  const filled = files.filter(({ bytes }) => bytes > 0)
  return filled.length > 0 ? filled : files.slice(0, 1)
}

function unknownColumns(count: number, names: readonly string[]): string {
  const columns = count === 1 ? '1 unknown column' : `${count} unknown columns`
  if (names.length === 0) return `${columns} ignored`
  const more = count - names.length
  return `unknown columns ignored: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
