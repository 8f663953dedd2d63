import type { z } from 'zod'

import { parseVariable, formatMasked, type ConfigProblem, type Setting } from './setting.ts'

/** One variable of a family: its name, the named groups of the pattern, and its value. */
export interface FamilyMember<V> {
  readonly name: string
  readonly groups: Readonly<Record<string, string>>
  readonly value: V
}

export interface SettingFamilyOptions<S extends z.ZodType> {
  /** As shown in the docs: `DownstreamUsers__<name>__Password`. */
  name: string
  /** Matched against the whole name, case-insensitively, with `:` read as `__`. */
  pattern: RegExp
  schema: S
  secret?: true
  /** A secret that identifies something and is not a password, so it may be short. */
  identifier?: true
  description: string
}

/**
 * Variables whose names contain a key, such as `DownstreamUsers__site-a__Password`. Their values are a list, sorted by
 * name, with the named groups of the pattern. The list may be empty.
 */
export function settingFamily<S extends z.ZodType>(
  options: SettingFamilyOptions<S>,
): Setting<readonly FamilyMember<z.output<S>>[]> {
  const { name, schema, description } = options
  const secret = options.secret === true
  const pattern = new RegExp(`^(?:${options.pattern.source})$`, 'i')
  const match = (variable: string): { groups: Record<string, string>; asFile: boolean } | null => {
    const spelt = variable.replaceAll(':', '__')
    const direct = pattern.exec(spelt)
    if (direct !== null) return { groups: { ...direct.groups }, asFile: false }
    const file = secret ? pattern.exec(spelt.replace(/_FILE$/i, '')) : null
    return file === null ? null : { groups: { ...file.groups }, asFile: true }
  }

  return {
    name,
    aliases: [],
    defaultText: undefined,
    required: false,
    secret,
    description,
    unit: undefined,
    names: [],
    claims: (variable) => match(variable) !== null,
    read: (environment) => {
      const members: FamilyMember<z.output<S>>[] = []
      const problems: ConfigProblem[] = []
      for (const variable of environment.variables()) {
        const matched = match(variable.name)
        if (matched === null) continue
        const { groups, asFile } = matched
        const reading = parseVariable(schema, variable, { secret, asFile, environment })
        if ('problems' in reading) problems.push(...reading.problems)
        else members.push({ name: variable.name, groups, value: reading.value })
      }
      if (problems.length > 0) return { problems }
      return { value: members.toSorted((a, b) => (a.name < b.name ? -1 : 1)) }
    },
    shown: (members) =>
      Object.fromEntries(
        members.map((member) => [member.name, formatMasked(member.value, secret)] as const),
      ),
    secrets: (members) =>
      members.flatMap(({ name: variable, value }) =>
        secret && typeof value === 'string'
          ? [{ name: variable, text: value, isIdentifier: options.identifier === true }]
          : [],
      ),
  }
}
