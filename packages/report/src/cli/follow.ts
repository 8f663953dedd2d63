import { stat } from 'node:fs/promises'
import { sleep, styles } from '@warren/runtime/cli'
import type { CliIo } from '@warren/runtime/cli'
import type { ReportDocument } from '../document/report-document.ts'
import { ChunkBuffers, fileChunks } from '../read/byte-stream.ts'
import type { InputFile } from '../read/input-files.ts'
import { formatCount } from '../vocabulary/figures.ts'
import { readInputs } from '../sources/read-inputs.ts'
import type { FileReading, Inputs } from '../sources/read-inputs.ts'
import { renderText } from '../render/text.ts'
import { documentOf, memoriesFor } from '../report.ts'
import type { ReportOptions } from '../report.ts'

const CLEAR = '\u001b[H\u001b[2J\u001b[3J'

/**
 * A live view: reads the files, then every second what was added, and shows the report again if anything was. Ends when `signal`
 * aborts.
 * @returns the last document
 */
export async function follow(
  io: CliIo,
  files: readonly InputFile[],
  options: ReportOptions,
  signal: AbortSignal,
  everyMs = 1_000,
): Promise<ReportDocument> {
  let inputs = await readOnce(files, options)
  let copies = memoriesFor(inputs.sources).size
  const buffers = new ChunkBuffers()
  let document = documentOf(inputs, options)
  show(io, document, files.length)
  while (!signal.aborted) {
    await sleep(everyMs, signal)
    if (!(await readMore(inputs, buffers))) continue
    // A log turns out to be a copy of another one only after some lines.
    if (memoriesFor(inputs.sources).size > copies) {
      inputs = await readOnce(files, options)
      copies = memoriesFor(inputs.sources).size
    }
    document = documentOf(inputs, options)
    show(io, document, files.length)
  }
  return document
}

/** Reads all files so far. Lines that are in several of them count once. */
async function readOnce(files: readonly InputFile[], { date = 0 }: ReportOptions): Promise<Inputs> {
  const read = { baseDay: date, keepOpen: true }
  const inputs = await readInputs(files, read)
  const memories = memoriesFor(inputs.sources)
  if (memories.size === 0) return inputs
  return readInputs(files, { ...read, memoryOf: (sourceId) => memories.get(sourceId) })
}

/** On a terminal, exactly one screen, so that the verdict stays at the top. */
function show({ stdout, env }: CliIo, document: ReportDocument, files: number): void {
  const paint = styles(stdout, env)
  if (stdout.isTTY !== true) {
    stdout.write(`${renderText(document, paint)}\n`)
    return
  }
  const { columns, rows = 24 } = stdout
  const text = renderText(document, paint, { columns, rows: rows - 1 })
  const note = `Following ${formatCount(files, 'file')}. Press Ctrl-C to stop.`
  stdout.write(`${CLEAR}${text}${paint.dim(note)}`)
}

/** Reads what was added to the files and returns whether anything was. */
async function readMore(inputs: Inputs, buffers: ChunkBuffers): Promise<boolean> {
  let grown = false
  for (const file of inputs.files) grown = (await readGrowth(file, buffers)) || grown
  if (grown) for (const source of inputs.sources) source.finish()
  return grown
}

async function readGrowth(file: FileReading, buffers: ChunkBuffers): Promise<boolean> {
  if (file.position === undefined) return false
  const size = await stat(file.path).then(
    (found) => found.size,
    () => 0,
  )
  // Shorter than before: the file was rotated.
  if (size < file.position) file.position = 0
  if (size === file.position) return false
  for await (const chunk of fileChunks(file.path, buffers, file.position)) {
    file.reader.push(chunk)
    file.position += chunk.length
  }
  return true
}
