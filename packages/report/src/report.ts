import { ExitCode, ProgramError } from '@warren/runtime/cli'
import { analyse } from './analysis.ts'
import type { Analysis } from './analysis.ts'
import { buildDocument } from './document/build-document.ts'
import type { ReportDocument } from './document/report-document.ts'
import { repeatedLogs } from './network/repeated-logs.ts'
import type { QuoteMode } from './vocabulary/quotes/quote-mode.ts'
import type { LogSource } from './sources/log-source.ts'
import type { InputFile } from './read/input-files.ts'
import { InputSpool } from './read/input-spool.ts'
import { LineMemory } from './read/line-memory.ts'
import { readInputs } from './sources/read-inputs.ts'
import type { Inputs, ReadOptions } from './sources/read-inputs.ts'

export interface ReportOptions {
  /** Time range to read, UTC milliseconds; open if undefined. */
  since?: number | undefined
  until?: number | undefined
  /** Time zone for lines without one: `UTC`, `+01:00`, `Europe/London`. */
  tz?: string | undefined
  /** Start date for lines without a date: UTC midnight in milliseconds. */
  date?: number | undefined
  /** Names of the expected clients. */
  expected?: readonly string[] | undefined
  /** How log lines are quoted; `known` if undefined. */
  quotes?: QuoteMode | undefined
  stdin?: AsyncIterable<Buffer | string>
  onProgress?: (bytes: number) => void
  /** Bytes per read; for tests. */
  chunkBytes?: number
}

/** Reads logs and reports which links work. The same files and options give the same document. */
export async function createReport(
  files: readonly InputFile[],
  options: ReportOptions = {},
): Promise<ReportDocument> {
  const inputs = await readTimeRange(files, options)
  return documentOf(inputs, options)
}

/** The document of what has been read so far. */
export function documentOf(inputs: Inputs, options: ReportOptions): ReportDocument {
  return buildDocument(analysisOf(inputs, options), options)
}

export function analysisOf(inputs: Inputs, options: ReportOptions): Analysis {
  return analyse(inputs, {
    tz: options.tz,
    dateGiven: options.date !== undefined,
    expected: options.expected,
  })
}

/**
 * Reads the lines in the time range, each line once. Two cases need a second pass: --since and --until, because the time zone of a
 * log without one is only known once its polls are matched; and repeated lines, because they are only found at the end.
 */
async function readTimeRange(files: readonly InputFile[], options: ReportOptions): Promise<Inputs> {
  const { since, until, stdin } = options
  await using spool =
    stdin !== undefined && files.some(({ path }) => path === '-')
      ? new InputSpool(stdin)
      : undefined
  const read: ReadOptions = {
    baseDay: options.date ?? 0,
    ...(spool === undefined ? {} : { stdin: spool }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    ...(options.chunkBytes === undefined ? {} : { chunkBytes: options.chunkBytes }),
  }
  const limited = since !== undefined || until !== undefined
  const whole = await readInputs(files, read)
  const memories = memoriesFor(whole.sources)
  if (!limited && memories.size === 0) return whole
  if (spool?.repeatable === false) {
    if (!limited) return whole
    throw new ProgramError(
      'standard input is too large for the temporary folder, and --since and --until read it twice',
      {
        exitCode: ExitCode.usage,
        hint: 'Save the lines to a file: warren report relay.log --since …',
      },
    )
  }
  const shifts = new Map<number, number>()
  if (limited) {
    for (const { source, shift } of analysisOf(whole, options).clockOffsets)
      shifts.set(source.sourceId, shift)
  }
  // Awaited here: the input is kept until it has been read.
  return await readInputs(files, {
    ...read,
    memoryOf: (sourceId) => memories.get(sourceId),
    timeRangeOf: (sourceId) => {
      const shift = shifts.get(sourceId) ?? 0
      return {
        since: since === undefined ? undefined : since - shift,
        until: until === undefined ? undefined : until - shift,
      }
    },
  })
}

/** One memory per group of sources with the same lines, by the ID of the source. */
export function memoriesFor(sources: readonly LogSource[]): Map<number, LineMemory> {
  const groups = repeatedLogs(sources)
  const byGroup = new Map([...new Set(groups.values())].map((group) => [group, new LineMemory()]))
  return new Map(
    [...groups].flatMap(([sourceId, group]) => {
      const memory = byGroup.get(group)
      return memory === undefined ? [] : [[sourceId, memory] as const]
    }),
  )
}
