import { readFile } from 'node:fs/promises'
import { text as readText } from 'node:stream/consumers'
import { fileErrorReason, ProgramError, type CliIo } from '@warren/runtime'
import { errorText } from '../error-text.ts'

/** The JSON of one task from a file, from standard input (`-`) or from the command line. */
export async function readTaskInput(
  { body, bodyJson }: { body?: string | undefined; bodyJson?: string | undefined },
  io: CliIo,
): Promise<unknown> {
  if (bodyJson !== undefined) return parseJson(bodyJson, '--body-json')
  if (body === undefined || body === '-') {
    return parseJson(await readText(io.stdin), 'standard input')
  }
  let text: string
  try {
    text = await readFile(body, 'utf8')
  } catch (error: unknown) {
    throw new ProgramError(`cannot read ${body}: ${fileErrorReason(error, 'read')}`, {
      cause: error,
    })
  }
  return parseJson(text, body)
}

export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error: unknown) {
    throw new ProgramError(`Invalid JSON input: ${where}: ${errorText(error)}`, {
      cause: error,
    })
  }
}
