import { readFileSync } from 'node:fs'

import type { z } from 'zod'

import { ConfigError } from './config-error.ts'
import {
  normaliseName,
  settingsOf,
  type ConfigDefinition,
  type ConfigProblem,
} from './define-config.ts'
import { readEnvironment, type Variable } from './environment.ts'
import { nearestName } from './nearest-name.ts'
import type { FamilyMember, Setting } from './setting.ts'

export interface LoadConfigOptions {
  /** Reads the file that a `NAME_FILE` variable names; throws as `readFileSync` does. */
  readFile?: (path: string) => string
}

type Reading = { readonly value: unknown } | { readonly problem: ConfigProblem }

/**
 * The configuration that `env` describes. Throws a ConfigError with every problem there is: values that do not
 * parse, required ones that are missing, unknown variables with one of the program's prefixes, and what the
 * definition's own check finds.
 */
export function loadConfig<T>(
  definition: ConfigDefinition<T>,
  env: NodeJS.ProcessEnv,
  options: LoadConfigOptions = {},
): T {
  const readFile = options.readFile ?? ((path: string) => readFileSync(path, 'utf8'))
  const variables = readEnvironment(env)
  const problems: ConfigProblem[] = []
  const values: Record<string, unknown> = {}
  for (const [key, setting] of Object.entries<Setting<unknown>>(definition.settings)) {
    const readings =
      setting.family === undefined
        ? [readSetting(setting, variables, readFile)]
        : [readFamily(setting, setting.family, variables, readFile, problems)]
    for (const reading of readings) {
      if ('problem' in reading) problems.push(reading.problem)
      else values[key] = reading.value
    }
  }
  problems.push(...unknownVariables(definition, variables))

  const reported = new Set(problems.map((problem) => problem.name))
  const crossChecks = definition.check?.(values as Partial<T>) ?? []
  problems.push(...crossChecks.filter((problem) => !reported.has(problem.name)))
  if (problems.length > 0) throw new ConfigError(definition.program, problems)
  return values as T
}

function readSetting(
  setting: Setting<unknown>,
  variables: ReadonlyMap<string, Variable>,
  readFile: (path: string) => string,
): Reading {
  const candidates = [setting.name, ...setting.aliases].flatMap((name) => {
    const direct = variables.get(normaliseName(name))
    const file = setting.secret ? variables.get(normaliseName(`${name}_FILE`)) : undefined
    return [
      ...(direct === undefined ? [] : [{ ...direct, fromFile: false }]),
      ...(file === undefined ? [] : [{ ...file, fromFile: true }]),
    ]
  })
  const [source, other] = candidates
  if (source === undefined) return absent(setting)
  if (other !== undefined && (other.text !== source.text || other.fromFile !== source.fromFile)) {
    return fail(setting.name, `${source.name} and ${other.name} are both set`, 'Keep one of them.')
  }
  return parseText(setting.schema, setting.secret, source, readFile)
}

function parseText(
  schema: z.ZodType,
  secret: boolean,
  source: Variable & { readonly fromFile: boolean },
  readFile: (path: string) => string,
): Reading {
  let text = source.text
  if (source.fromFile) {
    try {
      // Editors and `kubectl create secret` leave one line end that is not part of the secret.
      text = readFile(source.text).replace(/\r?\n$/, '')
    } catch (error: unknown) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
      return fail(source.name, `cannot read the file ${source.text} (${code})`)
    }
    if (text.trim() === '') return fail(source.name, `the file ${source.text} is empty`)
  }
  const parsed = schema.safeParse(text)
  if (parsed.success) return { value: parsed.data }
  const message = parsed.error.issues.map((issue) => issue.message).join('; ')
  return secret
    ? fail(source.name, message.replaceAll(text, '[REDACTED]'))
    : fail(source.name, `${message}, got ${JSON.stringify(text)}`)
}

function absent(setting: Setting<unknown>): Reading {
  if (setting.hasDefault) return { value: setting.default }
  if (setting.optional) return { value: undefined }
  const orFile = setting.secret ? ` or ${setting.name}_FILE` : ''
  return fail(
    setting.name,
    `not set, but required`,
    `Set ${setting.name}${orFile}: ${setting.description}`,
  )
}

function readFamily(
  setting: Setting<unknown>,
  family: NonNullable<Setting<unknown>['family']>,
  variables: ReadonlyMap<string, Variable>,
  readFile: (path: string) => string,
  problems: ConfigProblem[],
): Reading {
  const members: FamilyMember<unknown>[] = []
  for (const variable of variables.values()) {
    const spelt = variable.name.replaceAll(':', '__')
    const plain = family.pattern.exec(spelt)
    const file =
      plain === null && setting.secret ? family.pattern.exec(spelt.replace(/_FILE$/i, '')) : null
    const match = plain ?? file
    if (match === null) continue
    const source = { ...variable, fromFile: file !== null }
    const reading = parseText(family.member, setting.secret, source, readFile)
    if ('problem' in reading) problems.push(reading.problem)
    else members.push({ name: variable.name, groups: { ...match.groups }, value: reading.value })
  }
  return { value: members.toSorted((a, b) => (a.name < b.name ? -1 : 1)) }
}

function unknownVariables<T>(
  definition: ConfigDefinition<T>,
  variables: ReadonlyMap<string, Variable>,
): ConfigProblem[] {
  const settings = settingsOf(definition)
  const names = settings.flatMap((setting) =>
    setting.family === undefined
      ? [setting.name, ...setting.aliases].flatMap((name) =>
          setting.secret ? [name, `${name}_FILE`] : [name],
        )
      : [],
  )
  const known = new Set(names.map((name) => normaliseName(name)))
  const prefixes = definition.prefixes.map((prefix) => normaliseName(prefix))
  const inFamily = (name: string): boolean =>
    settings.some(
      ({ family, secret }) =>
        family !== undefined &&
        (family.pattern.test(name) || (secret && family.pattern.test(name.replace(/_FILE$/i, '')))),
    )
  return [...variables]
    .filter(([key]) => prefixes.some((prefix) => key.startsWith(prefix)))
    .filter(([key, { name }]) => !known.has(key) && !inFamily(name.replaceAll(':', '__')))
    .map(([, { name }]) => {
      const nearest = nearestName(name, names)
      return {
        name,
        message: 'no such setting',
        ...(nearest !== undefined && { hint: `Did you mean ${nearest}?` }),
      }
    })
}

function fail(name: string, message: string, hint?: string): Reading {
  return { problem: { name, message, ...(hint !== undefined && { hint }) } }
}
