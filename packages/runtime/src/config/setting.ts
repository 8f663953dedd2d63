import type { z } from 'zod'

import { SecretValues } from '../logging/secret-values.ts'
import { withoutUrlPasswords } from '../logging/url-password.ts'
import { normaliseName, type Environment, type Variable } from './environment.ts'
import { formatDuration, formatValue } from './format-value.ts'

export interface ConfigProblem {
  /** The variable to change. */
  readonly name: string
  readonly message: string
  readonly hint?: string
}

/** A secret, and the variable that sets it. */
export interface Secret {
  readonly name: string
  readonly text: string
  /** It identifies something and is not a password, so it may be short. */
  readonly isIdentifier: boolean
}

export type Reading<T> = { readonly value: T } | { readonly problems: readonly ConfigProblem[] }

/** How one member of a configuration is read from the environment; `T` is the type of its value. */
export interface Setting<T> {
  readonly name: string
  readonly aliases: readonly string[]
  /** The default as written in a variable; undefined if there is none. */
  readonly defaultText: string | undefined
  readonly required: boolean
  readonly secret: boolean
  readonly description: string
  readonly unit: string | undefined
  /** All accepted names, which are suggested for a misspelt one. */
  readonly names: readonly string[]
  /** Whether a variable with this name, in any spelling, belongs to the setting. */
  claims(name: string): boolean
  read(environment: Environment): Reading<T>
  /** `value` by variable name, masked; '' means unset. */
  shown(value: T): Record<string, string>
  /** The secrets in `value`. */
  secrets(value: T): Secret[]
}

export interface SettingOptions<S extends z.ZodType> {
  /** Upper case, with the prefix of the program. Read in any case. */
  name: string
  /** Other accepted names, such as those of the Python bunny or the .NET relay. `__` matches `:` too. */
  aliases?: readonly string[]
  /**
   * Turns the text of the variable into its value. Ends in `.optional()` if the program works without it; without that
   * and without a default, the variable is required. Its messages appear after "NAME: ".
   */
  schema: S
  default?: z.output<S>
  /** Masked everywhere. `NAME_FILE` can name a file that contains the value. */
  secret?: true
  /** The parts of a secret value that are secret. Default: all of it. */
  secretParts?: (value: z.output<S>) => readonly string[]
  /** A secret that identifies something and is not a password, so it may be short. */
  identifier?: true
  /** One sentence for docs/configuration.md. */
  description: string
  /** The unit of a number without one, such as `s`. */
  unit?: string
  /** Describes, in the documentation, a default that depends on the machine. */
  defaultText?: string
  /** Formats a value as written in a variable. Needed if the value is an object. */
  show?: (value: z.output<S>) => string
}

export function setting<S extends z.ZodType>(options: SettingOptions<S>): Setting<z.output<S>> {
  const { name, aliases = [], schema, description, show } = options
  const secret = options.secret === true
  const fallback: { value: z.output<S> } | undefined =
    'default' in options ? { value: options.default } : ifUnset(schema)
  const spellings = [name, ...aliases].flatMap((known) => [
    { known, asFile: false },
    ...(secret ? [{ known: `${known}_FILE`, asFile: true }] : []),
  ])
  const names = spellings.map(({ known }) => known)
  const claimed = new Set(names.map((known) => normaliseName(known)))

  const written = (value: z.output<S>): string =>
    show === undefined ? formatForVariable(schema, value) : show(value)

  return {
    name,
    aliases,
    defaultText:
      options.defaultText ?? (fallback?.value === undefined ? undefined : written(fallback.value)),
    required: fallback === undefined,
    secret,
    description,
    unit: options.unit,
    names,
    claims: (other) => claimed.has(normaliseName(other)),
    read: (environment) => {
      const found = spellings.flatMap(({ known, asFile }) => {
        const variable = environment.get(known)
        return variable === undefined ? [] : [{ ...variable, asFile }]
      })
      const [source, other] = found
      if (source === undefined) return fallback ?? missing(name, secret, description)
      // The same value under an old and a new name is accepted, for sites that are migrating.
      if (other !== undefined && (source.text !== other.text || source.asFile !== other.asFile)) {
        const message = `${source.name} and ${other.name} are both set`
        return { problems: [{ name, message, hint: 'Keep one of them.' }] }
      }
      return parseVariable(schema, source, { secret, asFile: source.asFile, environment })
    },
    shown: (value) => ({ [name]: value === undefined ? '' : formatMasked(written(value), secret) }),
    secrets: (value) => {
      if (!secret || typeof value !== 'string') return []
      const isIdentifier = options.identifier === true
      return (options.secretParts?.(value) ?? [value]).map((text) => ({ name, text, isIdentifier }))
    },
  }
}

/** The value of one variable, or its problems. No message contains the text of a secret. */
export function parseVariable<S extends z.ZodType>(
  schema: S,
  source: Variable,
  how: { secret: boolean; asFile: boolean; environment: Environment },
): Reading<z.output<S>> {
  const { name } = source
  const fail = (message: string) => ({ problems: [{ name, message }] })
  let { text } = source
  if (how.asFile) {
    const file = how.environment.readFile(source.text)
    if ('error' in file) return fail(`cannot read ${source.text}: ${file.error}`)
    if (file.text.trim() === '') return fail(`the file ${source.text} is empty`)
    text = file.text
  }
  const parsed = schema.safeParse(text)
  if (parsed.success) return { value: parsed.data }
  const message = parsed.error.issues.map((issue) => issue.message).join('; ')
  // The text may be a URL with a password, set in the wrong variable.
  return fail(
    how.secret
      ? new SecretValues([text]).mask(message, '[REDACTED]')
      : withoutUrlPasswords(`${message}, got ${JSON.stringify(text)}`, '[REDACTED]'),
  )
}

export function formatMasked(value: unknown, secret: boolean): string {
  if (value === undefined || value === null) return ''
  if (secret) return '********'
  return withoutUrlPasswords(formatValue(value), '********')
}

/** Writes 60,000 ms as `1m` if the variable accepts that. */
function formatForVariable(schema: z.ZodType, value: unknown): string {
  if (typeof value === 'number') {
    const duration = formatDuration(value)
    const parsed = schema.safeParse(duration)
    if (parsed.success && parsed.data === value) return duration
  }
  return formatValue(value)
}

/** The value of an unset variable whose schema ends in `.optional()`. */
function ifUnset<S extends z.ZodType>(schema: S): { value: z.output<S> } | undefined {
  if (schema.def.type !== 'optional') return undefined
  const parsed = schema.safeParse(undefined)
  return parsed.success ? { value: parsed.data } : undefined
}

function missing(
  name: string,
  secret: boolean,
  description: string,
): { problems: ConfigProblem[] } {
  const hint = `Set ${name}${secret ? ` or ${name}_FILE` : ''}: ${description}`
  return { problems: [{ name, message: 'not set, but required', hint }] }
}
