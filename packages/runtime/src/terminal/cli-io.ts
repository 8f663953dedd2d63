import { fileErrorReason } from '../process/file-error.ts'
import { printFailure } from '../process/print-failure.ts'
import { ProgramError } from '../process/program-error.ts'
import type { OutputStream } from './output-stream.ts'

/** What a command may use of its process. */
export interface CliIo {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined }
  readonly env: NodeJS.ProcessEnv
  /** How the user calls `warren`, for commands that are printed; default: `warren`. */
  readonly invocation?: string
}

/** What a shell reports for a program that `| head` has cut off: 128 and the number of SIGPIPE. */
const SIGPIPE_EXIT_CODE = 141

/** Ends the process when its output has no reader any more. Otherwise `| head` would cause a stack trace. */
function exitOnBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(SIGPIPE_EXIT_CODE)
}

/**
 * The streams of this process. A standard output that cannot be written to ends the process: with 141 if the reader
 * went away, otherwise (a full disk) with an `error:` line and 1. A log that cannot be written to stderr does not end
 * the service.
 */
export function processIo(): CliIo {
  const { stdout, stderr } = process
  stderr.on('error', exitOnBrokenPipe)
  stdout.on('error', exitOnBrokenPipe).on('error', (error: Error) => {
    const failure = new ProgramError(
      `cannot write to standard output: ${fileErrorReason(error, 'write')}`,
    )
    process.exit(printFailure(failure, stderr))
  })
  return {
    stdout,
    stderr,
    stdin: process.stdin,
    env: process.env,
  }
}
