import { normaliseName } from './environment.ts'
import type { ConfigProblem, Setting } from './setting.ts'

export interface ConfigDefinition<T extends object> {
  readonly program: string
  /** An unknown variable with one of these prefixes is rejected, because it is probably misspelt. */
  readonly prefixes: readonly string[]
  readonly settings: { readonly [K in keyof T]: Setting<T[K]> }
  /**
   * Checks across settings, such as "required unless the driver is duckdb". Settings that have a problem are absent
   * from `values`; a second problem of the same variable is not reported.
   */
  readonly check?: (values: Partial<T>) => readonly ConfigProblem[]
}

/** Declares the configuration of a program. Throws if two settings have the same name or alias. */
export function defineConfig<T extends object>(
  definition: ConfigDefinition<T>,
): ConfigDefinition<T> {
  const taken = new Map<string, string>()
  for (const { name, aliases } of settingsOf(definition).values()) {
    for (const known of [name, ...aliases]) {
      const other = taken.get(normaliseName(known))
      if (other !== undefined) throw new Error(`${known} is a name of both ${other} and ${name}`)
      taken.set(normaliseName(known), name)
    }
  }
  return definition
}

/** The settings by the member of the configuration that they set, in the order of the definition. */
export function settingsOf<T extends object>(
  definition: ConfigDefinition<T>,
): Map<string, Setting<unknown>> {
  return new Map(Object.entries<Setting<unknown>>(definition.settings))
}
