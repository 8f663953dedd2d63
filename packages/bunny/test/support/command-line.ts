import { Readable } from 'node:stream'
import { printFailure, type CliIo } from '@warren/runtime'
import { bunnyCommand } from '../../src/cli/bunny.command.ts'

export interface CommandEnd {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** `bunny` in this process, called like by its main program, with only the given environment variables. */
export async function bunnyHere(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; stdin?: string; terminal?: { columns: number } } = {},
): Promise<CommandEnd> {
  let stdout = ''
  let stderr = ''
  const io: CliIo = {
    stdout: {
      write: (text) => (stdout += text),
      ...(options.terminal === undefined ? {} : { isTTY: true, ...options.terminal }),
    },
    stderr: { write: (text) => (stderr += text) },
    stdin: Readable.from(options.stdin === undefined ? [] : [options.stdin]),
    env: options.env ?? {},
  }
  try {
    await bunnyCommand(io).parseAsync(args, { from: 'user' })
    return { code: 0, stdout, stderr }
  } catch (error: unknown) {
    const code = printFailure(error, io.stderr, {})
    return { code, stdout, stderr }
  }
}
