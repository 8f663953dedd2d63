import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { ProgramError } from '@warren/runtime'
import { errorText } from '../error-text.ts'

/** One line of a batch, blank ones left out; `number` counts from 1 and includes blank ones. */
export type BatchLine =
  | { readonly number: number; readonly query: unknown; readonly modifiers?: unknown }
  | { readonly number: number; readonly problem: string }

/** Reads `{"query": {…}, "modifiers": […]}` lines, one at a time: a batch may be longer than memory. */
export async function* readBatch(
  file: string,
  stdin: NodeJS.ReadableStream,
): AsyncGenerator<BatchLine> {
  const input = file === '-' ? stdin : createReadStream(file)
  let number = 0
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      number += 1
      if (line.trim() !== '') yield readLine(number, line)
    }
  } catch (error: unknown) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new ProgramError(`cannot read ${file}: ${error.message}`, { cause: error })
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
  return { number, query: json.query, ...(modifiers == null ? {} : { modifiers }) }
}
