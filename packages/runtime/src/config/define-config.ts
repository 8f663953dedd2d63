import type { Setting } from './setting.ts'

export interface ConfigProblem {
  /** The variable to change. */
  readonly name: string
  readonly message: string
  readonly hint?: string
}

export interface ConfigDefinition<T> {
  readonly program: string
  /** A variable that begins so and is not known is taken for a mistyped one and refused. */
  readonly prefixes: readonly string[]
  readonly settings: { readonly [K in keyof T]: Setting<T[K]> }
  /**
   * What one setting cannot say alone, such as "needed unless the driver is duckdb". Settings with a problem of
   * their own are absent from `values`; a second problem with the same variable is not shown.
   */
  readonly check?: (values: Partial<T>) => readonly ConfigProblem[]
}

/** Declares the configuration of a program. Throws when two settings claim one name. */
export function defineConfig<T extends object>(
  definition: ConfigDefinition<T>,
): ConfigDefinition<T> {
  const taken = new Map<string, string>()
  for (const setting of settingsOf(definition)) {
    for (const name of [setting.name, ...setting.aliases]) {
      const other = taken.get(normaliseName(name))
      if (other !== undefined) throw new Error(`${name} is claimed by ${other} and ${setting.name}`)
      taken.set(normaliseName(name), setting.name)
    }
  }
  return definition
}

export function settingsOf<T>(definition: ConfigDefinition<T>): Setting<unknown>[] {
  return Object.values(definition.settings)
}

/** Names are the same in any case, and `Section:Key` is `Section__Key`, as in the programs that are replaced. */
export function normaliseName(name: string): string {
  return name.replaceAll(':', '__').toUpperCase()
}
