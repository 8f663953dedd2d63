import { ConfigError } from './config-error.ts'
import { settingsOf, type ConfigDefinition } from './define-config.ts'
import { Environment, normaliseName, type FileReader } from './environment.ts'
import { nearestName } from './nearest-name.ts'
import type { ConfigProblem, Setting } from './setting.ts'

export interface LoadConfigOptions {
  /** Reads the file that a `NAME_FILE` variable names; throws like `readFileSync`. */
  readFile?: FileReader
}

/**
 * Reads the configuration from `env`. Throws a ConfigError with every problem: invalid values, missing required
 * values, unknown variables with one of the program's prefixes, and the problems that the definition's `check` finds.
 */
export function loadConfig<T extends object>(
  definition: ConfigDefinition<T>,
  env: NodeJS.ProcessEnv,
  options: LoadConfigOptions = {},
): T {
  const environment = new Environment(env, options.readFile)
  const settings = settingsOf(definition)
  const problems: ConfigProblem[] = []
  const read: Record<string, unknown> = {}
  for (const [key, setting] of settings) {
    const reading = setting.read(environment)
    if ('problems' in reading) problems.push(...reading.problems)
    else read[key] = reading.value
  }
  problems.push(...unknownVariables([...settings.values()], definition.prefixes, environment))

  // Each member was read by the setting with the same key, which the type of the definition guarantees.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const values = read as T
  const reported = new Set(problems.map((problem) => problem.name))
  const found = definition.check?.(values) ?? []
  problems.push(...found.filter((problem) => !reported.has(problem.name)))
  if (problems.length > 0) throw new ConfigError(definition.program, problems)
  return values
}

function unknownVariables(
  settings: readonly Setting<unknown>[],
  prefixes: readonly string[],
  environment: Environment,
): ConfigProblem[] {
  const names = settings.flatMap((setting) => setting.names)
  const ours = prefixes.map((prefix) => normaliseName(prefix))
  return [...environment.variables()]
    .filter(({ name }) => ours.some((prefix) => normaliseName(name).startsWith(prefix)))
    .filter(({ name }) => !settings.some((setting) => setting.claims(name)))
    .map(({ name }) => {
      const nearest = nearestName(name, names)
      return {
        name,
        message: 'unknown variable',
        ...(nearest !== undefined && { hint: `Did you mean ${nearest}?` }),
      }
    })
}
