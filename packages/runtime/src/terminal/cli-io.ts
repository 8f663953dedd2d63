/** Where a command writes: a terminal, a pipe, or an array in a test. */
export interface OutputStream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** Everything a command may touch of the process it runs in, as an argument. */
export interface CliIo {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined }
  readonly env: NodeJS.ProcessEnv
}

/** What a shell reports of a program that `| head` has cut off: 128 and the number of SIGPIPE. */
const CUT_OFF = 141

export function processIo(): CliIo {
  for (const stream of [process.stdout, process.stderr]) {
    // Without a listener the end of `| head` is an uncaught error with a stack trace. Nobody reads what else we have to say.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      process.exit(CUT_OFF)
    })
  }
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
  }
}
