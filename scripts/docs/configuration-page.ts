import { format, resolveConfig } from 'prettier'

import { configurationRows, type ConfigurationRow } from '../../packages/runtime/src/index.ts'
import type { Program } from './programs.ts'

export const CONFIGURATION_PAGE = 'docs/configuration.md'

const INTRODUCTION = `# Configuration

<!-- Generated from the settings in the source by \`npm run docs:write\`. Do not edit. -->

The bunny, the relay and the upstream are configured by environment variables. Their names are case-insensitive, and a blank
variable counts as unset. A duration is a number with a unit, such as \`500ms\`, \`30s\`, \`5m\`, \`2h\` or \`1d\`, or a plain number in
the unit that the table names. A secret can also be read from a file: \`NAME_FILE=/run/secrets/name\`. A program rejects invalid
values and unknown variables that have one of its prefixes: it lists all problems and exits with 78.
`

const PLAIN_UNITS: Readonly<Record<string, string>> = {
  ms: 'milliseconds',
  s: 'seconds',
  m: 'minutes',
  h: 'hours',
  d: 'days',
}

/** The text of docs/configuration.md. */
export async function configurationPage(programs: readonly Program[]): Promise<string> {
  const sections = programs.map(({ title, about, definition }) =>
    [
      `## ${title}`,
      about,
      `Prefixes: ${definition.prefixes.map((prefix) => `\`${prefix}\``).join(', ')}.`,
      [
        '| Variable | Default | Meaning |',
        '| --- | --- | --- |',
        ...configurationRows(definition).map((row) => tableRow(row)),
      ].join('\n'),
    ].join('\n\n'),
  )
  const text = [INTRODUCTION, ...sections].join('\n\n')
  return format(text, { ...(await resolveConfig(CONFIGURATION_PAGE)), parser: 'markdown' })
}

function tableRow(row: ConfigurationRow): string {
  const names = [row.name, ...row.aliases].map((name) => code(name)).join('<br>or ')
  const fallback =
    row.default === undefined ? (row.required ? '**required**' : '') : code(row.default)
  const notes = [
    ...(row.unit === undefined ? [] : [unitNote(row.unit)]),
    ...(row.secret ? ['Secret.'] : []),
  ]
  const meaning = [row.description, ...notes].join(' ').replaceAll('|', String.raw`\|`)
  return `| ${names} | ${fallback} | ${meaning} |`
}

function unitNote(unit: string): string {
  const plain = PLAIN_UNITS[unit]
  return plain === undefined ? `In ${unit}.` : `A plain number is in ${plain}.`
}

function code(text: string): string {
  return text === '' ? '' : `\`${text.replaceAll('|', String.raw`\|`)}\``
}
