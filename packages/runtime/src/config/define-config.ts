import { normaliseName } from './environment.ts'
import type { ConfigProblem, Setting } from './setting.ts'

export interface ConfigDefinition<T extends object> {
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
  for (const { name, aliases } of settingsOf(definition).values()) {
    for (const known of [name, ...aliases]) {
      const other = taken.get(normaliseName(known))
      if (other !== undefined) throw new Error(`${known} is claimed by ${other} and ${name}`)
      taken.set(normaliseName(known), name)
    }
  }
  return definition
}

/** The settings by the member of the configuration they fill, in the order of the definition. */
export function settingsOf<T extends object>(
  definition: ConfigDefinition<T>,
): Map<string, Setting<unknown>> {
  return new Map(Object.entries<Setting<unknown>>(definition.settings))
}
