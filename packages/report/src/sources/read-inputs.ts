import { open, stat } from 'node:fs/promises'
import { ExitCode, fileErrorReason, ProgramError } from '@warren/runtime/cli'
import { LogSource } from './log-source.ts'
import type { TimeRange } from './log-source.ts'
import { SourceGroup } from './source-group.ts'
import {
  ChunkBuffers,
  decodeWide,
  endsOf,
  fileChunks,
  gunzip,
  isGzip,
  limited,
  peek,
  wideEncoding,
  withoutMark,
} from '../read/byte-stream.ts'
import { compareText, rotationRank, unrotatedName } from '../read/input-files.ts'
import type { InputFile } from '../read/input-files.ts'
import type { LineMemory } from '../read/line-memory.ts'
import type { KubernetesFile } from '../kubernetes/kubernetes-file.ts'
import { LogReader } from './log-reader.ts'
import { readKubernetes } from './read-kubernetes.ts'
import { HEAD_BYTES, recognise } from '../read/recognise.ts'
import type { Recognition } from '../read/recognise.ts'
import type { SourceLabels } from '../read/source-labels.ts'
import { DAY } from '../read/timestamps.ts'

/** Sources (pods) that are kept apart; more of them indicate a broken wrapper and are read as one. */
const MAX_SOURCES = 1_000

/** What is known about one file. */
export interface FileReading {
  readonly path: string
  readonly labels: SourceLabels
  readonly recognition: Recognition
  readonly compressed: boolean
  readonly encoding: string
  readonly reader: LogReader
  /** Problems with the file itself. */
  readonly problems: string[]
  /** Only a part of the file was read. */
  readonly sampled: boolean
  /** Bytes read so far, to follow a growing file; undefined if it cannot be followed. */
  position: number | undefined
}

/** All files and sources. */
export interface Inputs {
  readonly files: readonly FileReading[]
  readonly sources: readonly LogSource[]
  /** Files with the output of kubectl and similar commands. They are not logs. */
  readonly kubernetes: readonly KubernetesFile[]
  /** There were more sources than are kept apart. */
  readonly overflowed: boolean
}

export interface ReadOptions {
  /** Time range of a source by its ID, in its own clock. */
  timeRangeOf?: (sourceId: number) => TimeRange
  /** Memory of earlier lines for a source by its ID; undefined if no lines repeat. */
  memoryOf?: (sourceId: number) => LineMemory | undefined
  /** Date of the first line in logs without dates, ms since the epoch. */
  baseDay?: number
  stdin?: AsyncIterable<Buffer | string>
  /** Called after every chunk with the bytes read so far. */
  onProgress?: (done: number) => void
  /** Bytes per read; tests use small values. */
  chunkBytes?: number
  /** Files may grow, so an unfinished last line stays unfinished. */
  keepOpen?: boolean
  /** Read at most this many bytes of each file: its beginning and its end, or the beginning if it cannot be entered in the middle. */
  sampleBytes?: number
}

interface OpenedInput {
  input: InputFile
  recognition: Recognition
  compressed: boolean
  encoding: string
  problems: string[]
  sampled: boolean
  chunks: () => AsyncGenerator<Buffer>
}

/** Reads every input once. The files of one pod are read in the order of their first lines. */
export async function readInputs(
  inputs: readonly InputFile[],
  options: ReadOptions = {},
): Promise<Inputs> {
  const registry = new SourceRegistry(options)
  const buffers = new ChunkBuffers(options.chunkBytes)
  const opened: OpenedInput[] = []
  const kubernetes: KubernetesFile[] = []
  for (const input of inputs) {
    const found = await readKubernetes(input)
    if (found === undefined) opened.push(await openInput(input, options, buffers))
    else kubernetes.push(found)
  }
  opened.sort(
    (a, b) =>
      compareText(unrotatedName(a.input.path), unrotatedName(b.input.path)) ||
      byAge(a, b) ||
      compareText(a.input.path, b.input.path),
  )
  const files: FileReading[] = []
  let done = 0
  for (const { input, recognition, compressed, encoding, problems, sampled, chunks } of opened) {
    const { path, labels } = input
    const reader = new LogReader({ file: path, labels, recognition, groupFor: registry.groupFor })
    const file: FileReading = {
      path,
      labels,
      recognition,
      compressed,
      encoding,
      reader,
      problems,
      sampled,
      position: undefined,
    }
    files.push(file)
    for await (const chunk of chunks()) {
      reader.push(chunk)
      done += chunk.length
      options.onProgress?.(done)
    }
    const mayGrow = options.keepOpen === true && !compressed && encoding === 'utf-8'
    if (!mayGrow) reader.finish()
    if (!compressed && encoding === 'utf-8' && path !== '-') file.position = reader.bytes
  }
  for (const source of registry.sources) source.finish()
  return { files, sources: registry.sources, kubernetes, overflowed: registry.overflowed }
}

/** Older first. Times without a date are ambiguous around midnight, so the names of rotated files decide. */
function byAge(a: OpenedInput, b: OpenedInput): number {
  const [first, second] = [a.recognition.firstTime, b.recognition.firstTime]
  if (first > 2 * DAY && second > 2 * DAY && first !== second) return first - second
  return rotationRank(a.input.path) - rotationRank(b.input.path)
}

/** Maps lines to the sources of their pod if there is one, or else of the file name without its rotation number. */
class SourceRegistry {
  readonly sources: LogSource[] = []
  readonly #byKey = new Map<string, SourceGroup>()
  readonly #options: ReadOptions
  overflowed = false

  constructor(options: ReadOptions) {
    this.#options = options
  }

  readonly groupFor = (labels: SourceLabels, file: string): SourceGroup => {
    const { cluster = '', namespace = '', pod = '', container = '' } = labels
    const key =
      pod === ''
        ? `file ${unrotatedName(file)} ${container}`
        : `pod ${cluster} ${namespace} ${pod} ${container}`
    const known = this.#byKey.get(key)
    if (known !== undefined) {
      known.beginFile(file)
      return known
    }
    const [first] = this.#byKey.values()
    if (this.sources.length >= MAX_SOURCES && first !== undefined) {
      this.overflowed = true
      return first
    }
    const group = new SourceGroup(() => this.#open(labels, file))
    this.#byKey.set(key, group)
    return group
  }

  #open(labels: SourceLabels, file: string): LogSource {
    const [first] = this.sources
    if (this.sources.length >= MAX_SOURCES && first !== undefined) {
      this.overflowed = true
      return first
    }
    const id = this.sources.length
    const timeRange = this.#options.timeRangeOf?.(id) ?? { since: undefined, until: undefined }
    const labelDay = labels.date === undefined ? Number.NaN : Date.parse(labels.date)
    const baseDay = Number.isNaN(labelDay) ? (this.#options.baseDay ?? 0) : labelDay
    const source = new LogSource(id, labels, file, timeRange, baseDay, this.#options.memoryOf?.(id))
    this.sources.push(source)
    return source
  }
}

async function openInput(
  input: InputFile,
  options: ReadOptions,
  buffers: ChunkBuffers,
): Promise<OpenedInput> {
  const problems: string[] = []
  const onProblem = (text: string): void => void problems.push(text)
  if (input.path === '-') {
    const raw = await peek(bytesOf(options.stdin), 8)
    const compressed = isGzip(raw.head)
    const plain = compressed ? gunzip(raw.all, onProblem) : raw.all
    const { head, all } = await peek(plain, HEAD_BYTES)
    const encoding = wideEncoding(head)
    // The first bytes are used for recognition and read again from the start.
    const start = await firstBytes(decoded(once(head), encoding), HEAD_BYTES)
    return {
      input,
      compressed,
      encoding: encoding ?? 'utf-8',
      problems,
      sampled: false,
      recognition: recognise(start),
      chunks: () => decoded(all, encoding),
    }
  }
  const compressed = isGzip(await magicOf(input.path))
  const plain = (onProblem: (text: string) => void): AsyncGenerator<Buffer> => {
    const raw = fileChunks(input.path, buffers)
    return compressed ? gunzip(raw, onProblem) : raw
  }
  const raw = await firstBytes(
    plain(() => undefined),
    HEAD_BYTES,
  )
  const encoding = wideEncoding(raw)
  const recognition = recognise(await firstBytes(decoded(once(raw), encoding), HEAD_BYTES))
  const { sampleBytes = Number.POSITIVE_INFINITY } = options
  const sampled = (await stat(input.path)).size > sampleBytes
  const hasTail = !compressed && encoding === undefined && recognition.layout === 'lines'
  const sample = (): AsyncGenerator<Buffer> =>
    hasTail
      ? endsOf(input.path, sampleBytes, buffers)
      : decoded(limited(plain(onProblem), sampleBytes), encoding)
  return {
    input,
    compressed,
    encoding: encoding ?? 'utf-8',
    problems,
    recognition,
    sampled,
    chunks: () => (sampled ? sample() : decoded(plain(onProblem), encoding)),
  }
}

function decoded(
  chunks: AsyncGenerator<Buffer>,
  encoding: string | undefined,
): AsyncGenerator<Buffer> {
  return encoding === undefined ? withoutMark(chunks) : decodeWide(chunks, encoding)
}

async function* once(chunk: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(chunk)
}

async function firstBytes(chunks: AsyncGenerator<Buffer>, bytes: number): Promise<Buffer> {
  const kept: Buffer[] = []
  let length = 0
  for await (const chunk of chunks) {
    kept.push(Buffer.from(chunk))
    length += chunk.length
    if (length >= bytes) break
  }
  return Buffer.concat(kept).subarray(0, bytes)
}

async function magicOf(path: string): Promise<Buffer> {
  try {
    await using file = await open(path, 'r')
    const magic = Buffer.alloc(8)
    const { bytesRead } = await file.read(magic, 0, 8, 0)
    return magic.subarray(0, bytesRead)
  } catch (error: unknown) {
    throw new ProgramError(`cannot read ${path}: ${fileErrorReason(error, 'read')}`, {
      exitCode: ExitCode.usage,
      hint: 'Check that the file exists and that you may read it.',
      cause: error,
    })
  }
}

async function* bytesOf(stdin: AsyncIterable<Buffer | string> | undefined): AsyncGenerator<Buffer> {
  if (stdin === undefined) return
  for await (const chunk of stdin) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}
