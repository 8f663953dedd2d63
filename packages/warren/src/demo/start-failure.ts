import { ConfigError, ExitCode, ProgramError } from '@warren/runtime'

/** The environment variables that the demo sets from its own options. */
const OPTIONS = new Map([
  ['RELAY_STORE', '--store'],
  ['RELAY_QUEUE', '--queue'],
])

/** The reason why the demo did not start, on one line and with the names of its options. Defects are returned unchanged. */
export function startFailure(error: unknown, step: string, logFolder: string): unknown {
  const prefix = `the demo failed while ${step}: `
  const readLogs = `Read the logs in ${logFolder}.`
  if (error instanceof ConfigError) {
    const problems = error.problems.map(({ name, message }) => `${name}: ${message}`)
    return new ProgramError(asOptions(prefix + problems.join('; ')), {
      exitCode: error.exitCode,
      hint: asOptions(error.problems.find(({ hint }) => hint !== undefined)?.hint ?? CORRECT),
      cause: error,
    })
  }
  if (error instanceof ProgramError) {
    return new ProgramError(asOptions(prefix + error.message), {
      exitCode: error.exitCode,
      hint: error.hint === undefined ? readLogs : asOptions(error.hint),
      cause: error,
    })
  }
  // The operating system reported an error, such as a folder without write access or a full disk.
  if (error instanceof Error && 'syscall' in error) {
    return new ProgramError(prefix + error.message, {
      exitCode: ExitCode.unavailable,
      hint: 'Use --folder to choose a folder that this user can write to.',
      cause: error,
    })
  }
  return error
}

const CORRECT = 'Correct the option. Run warren demo --help for its values.'

function asOptions(text: string): string {
  let replaced = text.replaceAll(/\s*\n\s*/g, ' ')
  for (const [variable, option] of OPTIONS) replaced = replaced.replaceAll(variable, option)
  return replaced
}
