import { analyse } from './analysis.ts'
import type { Analysis } from './analysis.ts'
import { buildDocument } from './document/build-document.ts'
import type { ReportDocument } from './document/report-document.ts'
import { repeatedLogs } from './exchange/repeated-logs.ts'
import type { LogSource } from './formats/log-source.ts'
import type { InputFile } from './read/input-files.ts'
import { LineMemory } from './read/line-memory.ts'
import { readInputs } from './read/read-inputs.ts'
import type { Inputs, ReadOptions } from './read/read-inputs.ts'

export interface ReportOptions {
  /** Window to look at, UTC milliseconds; open where undefined. */
  since?: number | undefined
  until?: number | undefined
  /** Zone of times that have none: `UTC`, `+01:00`, `Europe/London`. */
  tz?: string | undefined
  /** Date, UTC midnight in milliseconds, on which lines without a date begin. */
  date?: number | undefined
  /** Names of the clients that should be there. */
  expected?: readonly string[] | undefined
  stdin?: AsyncIterable<Buffer | string>
  onProgress?: (bytes: number) => void
  /** Bytes read at once; for tests. */
  chunkBytes?: number
}

/** Reads logs and says whether every link works. The same files and options give the same document. */
export async function createReport(
  files: readonly InputFile[],
  options: ReportOptions = {},
): Promise<ReportDocument> {
  const inputs = await readTimeRange(files, options)
  return documentOf(inputs, options)
}

/** The document of what has been read so far. */
export function documentOf(inputs: Inputs, options: ReportOptions): ReportDocument {
  return buildDocument(analysisOf(inputs, options), { since: options.since, until: options.until })
}

export function analysisOf(inputs: Inputs, options: ReportOptions): Analysis {
  return analyse(inputs, {
    tz: options.tz,
    dateGiven: options.date !== undefined,
    expected: options.expected,
  })
}

/**
 * Reads the part of the logs the window asks for, each line once. Where lines have no zone, the limits can only be applied once the
 * polls have told where a source stands, and that lines come again is only known once all are read: then everything is read twice.
 */
async function readTimeRange(files: readonly InputFile[], options: ReportOptions): Promise<Inputs> {
  const { since, until } = options
  const read: ReadOptions = {
    baseDay: options.date ?? 0,
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    ...(options.chunkBytes === undefined ? {} : { chunkBytes: options.chunkBytes }),
  }
  const limited = since !== undefined || until !== undefined
  const again = files.every(({ path }) => path !== '-')
  const whole = limited && !again ? undefined : await readInputs(files, read)
  const memories = memoriesFor(again ? (whole?.sources ?? []) : [])
  if (whole !== undefined && !limited && memories.size === 0) return whole
  const shifts = new Map<number, number>()
  if (whole !== undefined && limited) {
    for (const { source, shift } of analysisOf(whole, options).clockOffsets)
      shifts.set(source.sourceId, shift)
  }
  return readInputs(files, {
    ...read,
    memoryOf: (sourceId) => memories.get(sourceId),
    limitsOf: (sourceId) => {
      const shift = shifts.get(sourceId) ?? 0
      return {
        since: since === undefined ? undefined : since - shift,
        until: until === undefined ? undefined : until - shift,
      }
    },
  })
}

/** One memory for all sources that hold the same lines. */
function memoriesFor(sources: readonly LogSource[]): Map<number, LineMemory> {
  const groups = repeatedLogs(sources)
  const byGroup = new Map([...new Set(groups.values())].map((group) => [group, new LineMemory()]))
  return new Map(
    [...groups].flatMap(([sourceId, group]) => {
      const memory = byGroup.get(group)
      return memory === undefined ? [] : [[sourceId, memory] as const]
    }),
  )
}
