import { ExitCode } from './exit-code.ts'

/**
 * A failure that the operator can fix. It is printed as an `error:` line and an optional `hint:` line, without a stack
 * trace. Any other error is a defect, and is printed with its stack.
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
