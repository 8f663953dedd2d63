import { settingsOf, type ConfigDefinition } from './define-config.ts'
import type { FamilyMember, Setting } from './setting.ts'

export interface ConfigurationRow {
  readonly name: string
  readonly aliases: readonly string[]
  /** As it would be written; undefined where there is none. */
  readonly default: string | undefined
  readonly required: boolean
  readonly secret: boolean
  readonly unit: string | undefined
  readonly description: string
}

/** A program's settings as rows of documentation, in the order of the definition. */
export function configurationRows<T>(definition: ConfigDefinition<T>): ConfigurationRow[] {
  return settingsOf(definition).map((setting) => ({
    name: setting.name,
    aliases: setting.aliases,
    default:
      setting.hasDefault && setting.default !== undefined && setting.family === undefined
        ? valueText(setting.default)
        : undefined,
    required: !setting.hasDefault && !setting.optional,
    secret: setting.secret,
    unit: setting.unit,
    description: setting.description,
  }))
}

/** The effective configuration by variable name, with secrets and passwords in URLs masked; '' is unset. */
export function maskedConfig<T>(
  definition: ConfigDefinition<T>,
  values: T,
): Record<string, string> {
  const shown: Record<string, string> = {}
  const mask = (setting: Setting<unknown>, value: unknown): string => {
    if (value === undefined || value === null) return ''
    if (setting.secret) return '********'
    return valueText(value).replaceAll(/:\/\/([^/\s:@]*):[^/\s@]*@/g, '://$1:********@')
  }
  for (const [key, setting] of Object.entries<Setting<unknown>>(definition.settings)) {
    const value = values[key as keyof T]
    if (setting.family === undefined) shown[setting.name] = mask(setting, value)
    else {
      for (const member of value as readonly FamilyMember<unknown>[]) {
        shown[member.name] = mask(setting, member.value)
      }
    }
  }
  return shown
}

/** The values of all secret settings: what a logger has to mask. */
export function secretValues<T>(definition: ConfigDefinition<T>, values: T): string[] {
  return Object.entries<Setting<unknown>>(definition.settings)
    .filter(([, setting]) => setting.secret)
    .flatMap(([key, { family }]) => {
      const value: unknown = values[key as keyof T]
      if (family === undefined) return [value]
      return (value as readonly FamilyMember<unknown>[]).map((member) => member.value)
    })
    .filter((value) => typeof value === 'string')
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof URL) return value.href
  if (Array.isArray(value)) return value.map((item) => valueText(item)).join(',')
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
