import { createReadStream } from 'node:fs'
import { fileErrorReason, ProgramError } from '@warren/runtime'
import { errorText } from '../error-text.ts'
import { splitLines } from '../split-lines.ts'

/** A line of a batch that is not blank. `number` counts all lines from 1, including blank ones. */
export type BatchLine =
  | { readonly number: number; readonly task: unknown; readonly modifiers?: unknown }
  | { readonly number: number; readonly problem: string }

/** Far more than a task needs, and small enough for memory. */
const MAX_LINE_BYTES = 10_000_000

/** Reads `{"query": {…}, "modifiers": […]}` lines one at a time: a batch may be larger than memory. */
export async function* readBatch(
  file: string,
  stdin: NodeJS.ReadableStream,
): AsyncGenerator<BatchLine> {
  const input = file === '-' ? stdin : createReadStream(file)
  let number = 0
  try {
    for await (const { bytes } of splitLines(input, MAX_LINE_BYTES)) {
      number += 1
      const line = bytes?.toString('utf8')
      if (line === undefined) yield { number, problem: 'longer than 10 MB' }
      else if (line.trim() !== '') yield readLine(number, line)
    }
  } catch (error: unknown) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new ProgramError(`cannot read ${file}: ${fileErrorReason(error, 'read')}`, {
      cause: error,
    })
  }
}

function readLine(number: number, line: string): BatchLine {
  let json: unknown
  try {
    json = JSON.parse(line.replace(/^\uFEFF/, ''))
  } catch (error: unknown) {
    return { number, problem: `not JSON: ${errorText(error)}` }
  }
  if (typeof json !== 'object' || json === null || !('query' in json)) {
    return { number, problem: 'expected an object with the member "query"' }
  }
  const modifiers = 'modifiers' in json ? json.modifiers : undefined
  return { number, task: json.query, ...(modifiers == null ? {} : { modifiers }) }
}
