import { weaknessOf } from '../logging/secret-weakness.ts'
import { settingsOf, type ConfigDefinition } from './define-config.ts'
import type { ConfigProblem, Secret } from './setting.ts'

export interface ConfigurationRow {
  readonly name: string
  readonly aliases: readonly string[]
  /** As written in a variable; undefined if there is none. */
  readonly default: string | undefined
  readonly required: boolean
  readonly secret: boolean
  readonly unit: string | undefined
  readonly description: string
}

/** The settings of a program as rows of documentation, in the order of the definition. */
export function configurationRows<T extends object>(
  definition: ConfigDefinition<T>,
): ConfigurationRow[] {
  return [...settingsOf(definition).values()].map((setting) => ({
    name: setting.name,
    aliases: setting.aliases,
    default: setting.defaultText,
    required: setting.required,
    secret: setting.secret,
    unit: setting.unit,
    description: setting.description,
  }))
}

/** The effective configuration by variable name, with secrets and passwords in URLs masked; '' means unset. */
export function maskedConfig<T extends object>(
  definition: ConfigDefinition<T>,
  values: T,
): Record<string, string> {
  const byKey = new Map<string, unknown>(Object.entries(values))
  const shown: Record<string, string> = {}
  for (const [key, setting] of settingsOf(definition)) {
    Object.assign(shown, setting.shown(byKey.get(key)))
  }
  return shown
}

/** The values of all secret settings, for a logger to mask. */
export function secretValues<T extends object>(
  definition: ConfigDefinition<T>,
  values: T,
): string[] {
  return secretsOf(definition, values).map(({ text }) => text)
}

/** The secrets that a log cannot mask wherever they occur, because they are short or common. */
export function weakSecrets<T extends object>(
  definition: ConfigDefinition<T>,
  values: T,
): ConfigProblem[] {
  return secretsOf(definition, values).flatMap(({ name, text, isIdentifier }) => {
    const weakness = isIdentifier ? undefined : weaknessOf(text)
    if (weakness === undefined) return []
    const message = `${weakness}, so it is easy to guess, and the log masks it only where it expects a secret`
    return [{ name, message, hint: `Choose ${RECOMMENDED_LENGTH} or more random characters.` }]
  })
}

const RECOMMENDED_LENGTH = 16

function secretsOf<T extends object>(definition: ConfigDefinition<T>, values: T): Secret[] {
  const byKey = new Map<string, unknown>(Object.entries(values))
  return [...settingsOf(definition)].flatMap(([key, setting]) => setting.secrets(byKey.get(key)))
}
