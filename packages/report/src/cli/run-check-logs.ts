import { statSync } from 'node:fs'
import { ExitCode, ProgramError, styles } from '@warren/runtime/cli'
import type { CliIo } from '@warren/runtime/cli'
import { checkLogs } from '../check-logs/log-check.ts'
import { renderCheck } from '../check-logs/render-check.ts'
import { sharedFolder } from '../document/shared-folder.ts'
import { inputFiles } from '../read/input-files.ts'
import { documentOf } from '../report.ts'
import { readInputs } from '../sources/read-inputs.ts'
import type { Inputs } from '../sources/read-inputs.ts'
import { zoneOffsetMinutes } from '../timeline/zone-offset.ts'
import { screenOf } from './output.ts'
import { parseDate } from './time-options.ts'

export interface CheckFlags {
  source?: string[]
  tz?: string
  date?: string
  json?: boolean
}

/** Bytes that are read of all files together: about two seconds on a slow machine. */
const MAX_BYTES = 48 * 1024 * 1024
const MIN_BYTES_PER_FILE = 16 * 1024

/**
 * Runs the command and returns its exit code.
 * @throws ProgramError for invalid usage
 */
export async function runCheckLogs(
  io: CliIo,
  names: readonly string[],
  { source = [], tz, date, json = false }: CheckFlags,
): Promise<number> {
  const files = inputFiles(names, source)
  if (files.length === 0 || files.some(({ path }) => path === '-'))
    throw new ProgramError(
      files.length === 0
        ? `no files to read in ${names.join(', ')}`
        : 'check-logs cannot be combined with standard input',
      {
        exitCode: ExitCode.usage,
        hint: 'Pass files, folders or globs: warren report check-logs logs/',
      },
    )
  // Throws for an unknown time zone, even if no line needs it.
  if (tz !== undefined) zoneOffsetMinutes(tz, 0)
  const day = date === undefined ? undefined : parseDate(date)
  const sampleBytes = Math.max(MIN_BYTES_PER_FILE, Math.floor(MAX_BYTES / files.length))
  const inputs = await readInputs(files, { baseDay: day ?? 0, sampleBytes })
  const document = documentOf(inputs, { tz, date: day })
  const check = checkLogs(document, scalesOf(inputs))
  const { columns } = screenOf(io.stdout)
  io.stdout.write(
    json
      ? `${JSON.stringify(check, null, 2)}\n`
      : renderCheck(check, styles(io.stdout, io.env), columns),
  )
  return check.complete ? ExitCode.ok : ExitCode.unknown
}

/** How many times larger the files are than the samples that were read of them, by their name in the document. */
function scalesOf({ files, kubernetes }: Inputs): Map<string, number> {
  const folder = sharedFolder([...files, ...kubernetes].map(({ path }) => path))
  return new Map(
    files.flatMap(({ path, sampled, reader }): [string, number][] => {
      if (!sampled) return []
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? reader.bytes
      return [[path.replace(folder, ''), size / Math.max(1, reader.bytes)]]
    }),
  )
}
