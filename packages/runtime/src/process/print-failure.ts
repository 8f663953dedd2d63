import type { OutputStream } from '../terminal/output-stream.ts'
import { columnsOf } from '../terminal/columns.ts'
import { asInvoked } from '../terminal/invocation.ts'
import { styles } from '../terminal/styles.ts'
import { wrapWords } from '../terminal/text-width.ts'
import { ExitCode } from './exit-code.ts'
import { ProgramError } from './program-error.ts'

/**
 * Prints on `stderr` why a command failed, and returns the exit code. The command-line parser (commander) has already
 * printed its own errors, so those only get a code: 0 for `--help` and `--version`, 64 for invalid usage.
 * @param invocation how the user calls `warren`, see `CliIo`
 */
export function printFailure(
  error: unknown,
  stderr: OutputStream,
  env: NodeJS.ProcessEnv = process.env,
  invocation?: string,
): number {
  const parserExit = parserExitCode(error)
  if (parserExit !== undefined) return parserExit === 0 ? ExitCode.ok : ExitCode.usage

  const paint = styles(stderr, env)
  if (error instanceof ProgramError) {
    const message = `${paint.red('error:')} ${error.message}\n`
    const hint = error.hint === undefined ? '' : `${paint.cyan('hint:')} ${error.hint}\n`
    const text = asInvoked(message + hint, invocation)
    stderr.write(stderr.isTTY === true ? wrapLines(text, columnsOf(stderr, env)) : text)
    return error.exitCode
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  stderr.write(`${paint.red('error:')} ${text}\n`)
  return ExitCode.internal
}

function wrapLines(text: string, columns: number): string {
  return text
    .split('\n')
    .flatMap((line) => {
      const indent = /^ */.exec(line)?.[0] ?? ''
      return wrapWords(line, columns, { first: indent, rest: `${indent}  ` })
    })
    .join('\n')
}

function parserExitCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('exitCode' in error)) return undefined
  if (typeof error.code !== 'string' || !error.code.startsWith('commander.')) return undefined
  return typeof error.exitCode === 'number' ? error.exitCode : undefined
}
