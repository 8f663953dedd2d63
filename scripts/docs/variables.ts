import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { splitMarkdown, type DocProblem } from './markdown.ts'
import type { Program } from './programs.ts'

// NAME=value in shell and env files, `NAME: value` and `name: NAME` in YAML.
const ASSIGNMENT =
  /(?<![\w/.-])(?<name>[A-Za-z]\w*(?::\w+)*)(?==)|^\s*(?:-\s+)?(?:name:\s+)?(?<key>[A-Za-z]\w*_\w+)\s*(?::|$)/g

/** Unknown variables with a prefix of Warren that the code of a document sets. */
export function unknownVariables(
  root: string,
  file: string,
  programs: readonly Program[],
): DocProblem[] {
  const prefixes = programs.flatMap(({ definition }) => definition.prefixes)
  const settings = programs.flatMap(({ definition }) => Object.values(definition.settings))
  const { fences } = splitMarkdown(readFileSync(join(root, file), 'utf8'))
  return fences.flatMap(({ line, lines }) =>
    lines.flatMap((text, index) =>
      [...text.matchAll(ASSIGNMENT)]
        .map(({ groups }) => groups?.['name'] ?? groups?.['key'] ?? '')
        .filter((name) => prefixes.some((prefix) => upper(name).startsWith(upper(prefix))))
        .filter((name) => !settings.some((setting) => setting.claims(name)))
        .map((name) => ({ file, line: line + index, message: `unknown variable ${name}` })),
    ),
  )
}

function upper(name: string): string {
  return name.replaceAll(':', '__').toUpperCase()
}
