import { ExitCode } from './exit-code.ts'

/**
 * A failure the person who runs the program can act on: it is shown as one `error:` line and, where there is one,
 * a `hint:` line, without a stack trace. Anything else that reaches the top is a defect and shows its stack.
 */
export class ProgramError extends Error {
  override readonly name: string = 'ProgramError'
  readonly exitCode: number
  readonly hint?: string

  constructor(
    message: string,
    options: { exitCode?: number; hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.exitCode = options.exitCode ?? ExitCode.failure
    if (options.hint !== undefined) this.hint = options.hint
  }
}
