import type { z } from 'zod'

/** One variable of a program's configuration; `T` is what it is in the program. */
export interface Setting<T> {
  readonly name: string
  readonly aliases: readonly string[]
  readonly schema: z.ZodType<T>
  readonly default?: T
  readonly hasDefault: boolean
  readonly optional: boolean
  readonly secret: boolean
  readonly description: string
  readonly unit?: string
  /** Set for a family: many variables whose names follow one pattern. */
  readonly family?: { readonly pattern: RegExp; readonly member: z.ZodType }
}

export interface SettingOptions<S extends z.ZodType> {
  /** Upper case, with the program's prefix. Read in any case. */
  name: string
  /** Other names it may be given by, such as those of the program it replaces. `__` also stands for `:`. */
  aliases?: readonly string[]
  /**
   * Turns the text of the variable into its value. End in `.optional()` when the program works without it; with
   * neither that nor a default the variable is required. Its messages follow "NAME: " in a report.
   */
  schema: S
  default?: z.output<S>
  /** Never shown, masked in logs, and may be given as the content of the file that `NAME_FILE` names. */
  secret?: true
  /** One sentence for docs/configuration.md. */
  description: string
  /** What a bare number counts, such as `s`. */
  unit?: string
}

export function setting<S extends z.ZodType>(options: SettingOptions<S>): Setting<z.output<S>> {
  return {
    name: options.name,
    aliases: options.aliases ?? [],
    schema: options.schema as unknown as z.ZodType<z.output<S>>,
    hasDefault: 'default' in options,
    ...('default' in options && { default: options.default as z.output<S> }),
    optional: options.schema.def.type === 'optional',
    secret: options.secret === true,
    description: options.description,
    ...(options.unit !== undefined && { unit: options.unit }),
  }
}

/** One variable of a family as it was found: its name, the pattern's named groups, and its value. */
export interface FamilyMember<V> {
  readonly name: string
  readonly groups: Readonly<Record<string, string>>
  readonly value: V
}

/**
 * Variables whose names hold a key, such as `DownstreamUsers__site-a__Password`. `pattern` is matched, in any case,
 * against the name with `:` read as `__`; its named groups come back with each member. None at all is fine.
 */
export function settingFamily<S extends z.ZodType>(options: {
  /** As shown in the docs: `DownstreamUsers__<name>__Password`. */
  name: string
  pattern: RegExp
  schema: S
  secret?: true
  description: string
}): Setting<readonly FamilyMember<z.output<S>>[]> {
  return {
    name: options.name,
    aliases: [],
    schema: options.schema as unknown as z.ZodType<readonly FamilyMember<z.output<S>>[]>,
    hasDefault: true,
    default: [],
    optional: false,
    secret: options.secret === true,
    description: options.description,
    family: {
      pattern: new RegExp(`^(?:${options.pattern.source})$`, 'i'),
      member: options.schema,
    },
  }
}
