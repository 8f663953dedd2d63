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
import { documentOf } from '../report.ts'
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
  const inputs = await readInputs(files, { baseDay: options.date ?? 0, keepOpen: true })
  const buffers = new ChunkBuffers()
  let document = documentOf(inputs, options)
  show(io, document, files.length)
  while (!signal.aborted) {
    await sleep(everyMs, signal)
    if (!(await readMore(inputs, buffers))) continue
    document = documentOf(inputs, options)
    show(io, document, files.length)
  }
  return document
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
