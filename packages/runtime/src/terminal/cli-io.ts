import { printFailure } from '../process/print-failure.ts'
import { ProgramError } from '../process/program-error.ts'

/** Where a command writes: a terminal, a pipe, or an array in a test. */
export interface OutputStream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

/** Everything a command may touch of the process it runs in, as an argument. */
export interface CliIo {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined }
  readonly env: NodeJS.ProcessEnv
}

/** What a shell reports of a program that `| head` has cut off: 128 and the number of SIGPIPE. */
const SIGPIPE_EXIT_CODE = 141

/** Nobody reads what else we have to say. Unheard, the end of `| head` would be an uncaught error with a stack trace. */
function exitOnBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(SIGPIPE_EXIT_CODE)
}

/**
 * The process itself. Standard output that cannot be written to ends it: with 141 when the reader went away, otherwise
 * (a full disk) with an `error:` line and 1. A log that cannot be written to stderr does not: the service it is about goes on.
 */
export function processIo(): CliIo {
  const { stdout, stderr } = process
  stderr.on('error', exitOnBrokenPipe)
  stdout.on('error', exitOnBrokenPipe).on('error', (error: Error) => {
    const failure = new ProgramError(`cannot write to standard output: ${error.message}`)
    process.exit(printFailure(failure, stderr))
  })
  return {
    stdout,
    stderr,
    stdin: process.stdin,
    env: process.env,
  }
}
