import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CDM_TABLES, cdmTable, type CdmTable } from '@warren/cdm'
import { ExitCode, fileErrorReason, ProgramError, shellWord } from '@warren/runtime'

/** One file of a table. An export in parts has several, each with its own line of column names. */
export interface ExportedFile {
  /** Relative to the folder of the export: `PERSON.csv` or `PERSON/part-0000.csv`. */
  readonly name: string
  readonly path: string
  readonly bytes: number
}

export interface ExportedTable {
  readonly table: CdmTable
  /** For messages and the report: a file name, or a folder or pattern with the number of files. */
  readonly label: string
  readonly files: readonly ExportedFile[]
}

interface Found extends ExportedFile {
  readonly source: 'file' | 'part' | 'folder'
  /** Of a numbered part. */
  readonly part?: string
}

const MAX_PARTS = 100_000
const READ = /\.(?:csv|tsv|txt)(?:\.gz|\.zst)?$/i
/** Files that are certainly meant to be data of the table they are named after. */
const OTHER_FORMATS =
  /\.(?:parquet|orc|avro|arrow|feather|xlsx?|ods|json|jsonl|ndjson|xml|sas7bdat|sav|dta|rds|db|duckdb|sqlite|zip|7z|(?:csv|tsv|txt)\.(?:zip|bz2|xz|7z|lz4|lzma))$/i
/** What Spark, Hadoop and operating systems leave in a folder. */
const NOT_DATA = /^[._]|^(?:thumbs\.db|desktop\.ini)$|\.crc$/i

/**
 * Finds the files of each table in a folder: `PERSON.csv`, numbered parts (`person_1.csv`, `person000000000000.csv`), or a
 * folder of parts (`PERSON/` or `PERSON.csv/` with `part-0000.csv`, …). Throws `ProgramError` (exit code 65) if the files of a
 * table are ambiguous or in a format that is not read.
 */
export async function findExport(
  folder: string,
): Promise<{ tables: ExportedTable[]; notes: string[] }> {
  const found = new Map<CdmTable, Found[]>()
  const notes: string[] = []
  for (const name of await list(folder)) {
    if (NOT_DATA.test(name)) continue
    const path = join(folder, name)
    const info = await stat(path).catch(() => undefined)
    const table = tableOf(name)
    if (table === undefined || info === undefined) {
      notes.push(`${name}: ignored, because it is not named after a CDM table that Warren loads`)
      continue
    }
    const entries = found.get(table.table) ?? []
    if (info.isDirectory()) entries.push(...(await partsOf(name, path)))
    else {
      checkFormat(name, info.isFile())
      const { part } = table
      const source = part === undefined ? 'file' : 'part'
      entries.push({
        name,
        path,
        bytes: info.size,
        source,
        ...(part === undefined ? {} : { part }),
      })
    }
    if (entries.length > 0) found.set(table.table, entries)
  }
  if (found.size === 0) throw await withoutTables(folder)
  const tables = CDM_TABLES.flatMap((table) => {
    const files = found.get(table)
    return files === undefined ? [] : [exportedTable(table, files)]
  })
  return { tables, notes }
}

async function withoutTables(folder: string): Promise<ProgramError> {
  const entries = await readdir(folder, { withFileTypes: true })
  for (const entry of entries.filter((one) => one.isDirectory())) {
    const below = join(folder, entry.name)
    const names = await readdir(below).catch(() => [])
    if (names.every((name) => tableOf(name) === undefined)) continue
    return invalid(
      `no file in ${folder} is named after a CDM table, but files in ${entry.name} are`,
      `Pass that folder: warren omop load ${shellWord(below)}`,
    )
  }
  return invalid(
    `no file in ${folder} is named after a CDM table`,
    'Name the files PERSON.csv, CONCEPT.csv, CONDITION_OCCURRENCE.csv, … (or .tsv, .txt, .gz).',
  )
}

function tableOf(name: string): { table: CdmTable; part?: string } | undefined {
  const stem = name.toLowerCase().replace(READ, '').replace(OTHER_FORMATS, '')
  // SQL Server Management Studio puts the schema first: dbo.PERSON.csv.
  const whole = cdmTable(stem) ?? cdmTable(stem.slice(stem.lastIndexOf('.') + 1))
  if (whole !== undefined) return { table: whole }
  const match = /^(.+?)[-_.]?(?:part[-_.]?)?(\d{1,20})(?:[-_.]?of[-_.]?\d+)?$/.exec(stem)
  const table = match === null ? undefined : cdmTable(match[1] ?? '')
  if (table === undefined) return undefined
  return { table, part: (match?.[2] ?? '').replace(/^0+(?=\d)/, '') }
}

async function partsOf(folder: string, path: string): Promise<Found[]> {
  const parts: Found[] = []
  for (const name of await list(path)) {
    if (NOT_DATA.test(name)) continue
    const info = await stat(join(path, name)).catch(() => undefined)
    const shown = `${folder}/${name}`
    checkFormat(shown, info?.isFile() === true)
    parts.push({ name: shown, path: join(path, name), bytes: info?.size ?? 0, source: 'folder' })
  }
  if (parts.length > MAX_PARTS) {
    throw invalid(`${folder} has more than ${MAX_PARTS} files`, 'Join the parts into larger files.')
  }
  if (parts.length === 0) {
    throw invalid(
      `the folder ${folder} is named after a CDM table but contains no files`,
      'Put the part files into it, such as part-0000.csv, or remove the folder.',
    )
  }
  return parts
}

function checkFormat(name: string, isFile: boolean): void {
  if (!isFile) {
    throw invalid(`${name} is not a file`, 'Put the CSV files directly into the folder.')
  }
  if (READ.test(name)) return
  throw invalid(
    `cannot read ${name}: only .csv, .tsv and .txt files are read, also compressed as .gz or .zst`,
    adviceFor(name),
  )
}

function adviceFor(name: string): string {
  if (/\.parquet$/i.test(name)) {
    const csv = name.replace(/\.parquet$/i, '.csv')
    return `Convert it, for example: duckdb -c "COPY (FROM '${name}') TO '${csv}' (HEADER)"`
  }
  if (/\.zip$/i.test(name)) return `Unpack it: unzip ${shellWord(name)}`
  if (/\.bz2$/i.test(name)) return `Unpack it: bunzip2 ${shellWord(name)}`
  if (/\.xz$/i.test(name)) return `Unpack it: unxz ${shellWord(name)}`
  return 'Export the table as CSV, or remove the file from the folder.'
}

function exportedTable(table: CdmTable, found: readonly Found[]): ExportedTable {
  const [first, second] = found
  if (first === undefined) throw new Error(`no file for ${table.name}`)
  if (second === undefined) return { table, label: first.name, files: found }
  const isMixed = found.some(({ source }) => source !== first.source)
  const other = isMixed
    ? found.find(({ source }) => source !== first.source)
    : first.source === 'file'
      ? second
      : undefined
  const repeated = found.find((one, index) =>
    found.slice(0, index).some(({ part }) => part !== undefined && part === one.part),
  )
  const twin = other ?? repeated
  if (twin !== undefined) {
    const one = other === undefined ? found.find(({ part }) => part === twin.part) : first
    throw invalid(
      `${one?.name ?? ''} and ${twin.name} are both for the table ${table.name}`,
      'Remove one of them from the folder.',
    )
  }
  const folder = first.source === 'folder' ? first.name.slice(0, first.name.indexOf('/') + 1) : ''
  if (folder !== '' && found.some(({ name }) => !name.startsWith(folder))) {
    const elsewhere = found.find(({ name }) => !name.startsWith(folder))?.name.replace(/\/.*/, '/')
    throw invalid(
      `${folder} and ${elsewhere} are both for the table ${table.name}`,
      'Remove one of them from the folder.',
    )
  }
  const files = found.toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
  const label = folder === '' ? `${files[0]?.name} …` : folder
  return { table, label: `${label} (${files.length} files)`, files }
}

async function list(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).toSorted()
  } catch (error: unknown) {
    throw new ProgramError(`cannot read the folder ${folder}: ${fileErrorReason(error, 'read')}`, {
      exitCode: ExitCode.data,
      hint: 'Use a folder with files named after CDM tables, such as PERSON.csv.',
      cause: error,
    })
  }
}

function invalid(message: string, hint: string): ProgramError {
  return new ProgramError(message, { exitCode: ExitCode.data, hint })
}
