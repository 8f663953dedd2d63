import { ExitCode } from '../process/exit-code.ts'
import { ProgramError } from '../process/program-error.ts'
import type { ConfigProblem } from './setting.ts'

/** All problems of a configuration, by variable. Contains no value of a secret. */
export class ConfigError extends ProgramError {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(program: string, problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
    const lines = problems.flatMap(({ name, message, hint }) => [
      `  ${name}: ${message}`,
      ...(hint === undefined ? [] : [`    ${hint}`]),
    ])
    super([`${count} in the configuration of ${program}:`, ...lines].join('\n'), {
      exitCode: ExitCode.config,
    })
    this.problems = problems
  }
}
