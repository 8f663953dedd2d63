// `npm run docs:check [PATH …]`: checks the documents against the programs. Relative links exist, command lines parse,
// variables are known, the pages of settings, errors, causes and metrics match the source (`--write` updates them), and documents,
// messages, comments and test titles use the words of docs/glossary.md. A PATH limits what is printed.
import { existsSync } from 'node:fs'
import { glob, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { buildProgram } from '../packages/warren/src/index.ts'
import { wrongCommandLines } from './docs/command-lines.ts'
import { CAUSES_PAGE, causesPage } from './docs/causes-page.ts'
import { CONFIGURATION_PAGE, configurationPage } from './docs/configuration-page.ts'
import { ERRORS_PAGES, errorsPage } from './docs/errors-page.ts'
import { documentEnglish, englishRules, sourceEnglish } from './docs/english.ts'
import { brokenLinks } from './docs/links.ts'
import { METRICS_PAGE, metricsPage } from './docs/metrics-page.ts'
import type { DocProblem } from './docs/markdown.ts'
import { PROGRAMS } from './docs/programs.ts'
import { unknownVariables } from './docs/variables.ts'

const root = new URL('..', import.meta.url).pathname
const write = process.argv.includes('--write')
const generated = new Map([
  [CONFIGURATION_PAGE, await configurationPage(PROGRAMS)],
  [CAUSES_PAGE, await causesPage()],
  [METRICS_PAGE, await metricsPage()],
])
for (const page of ERRORS_PAGES) generated.set(page.file, await errorsPage(page))

const problems: DocProblem[] = []
for (const [file, expected] of generated) {
  const page = join(root, file)
  if (write) await writeFile(page, expected)
  const current = existsSync(page) ? await readFile(page, 'utf8') : ''
  if (current === expected) continue
  const message = 'differs from the source; npm run docs:write repairs it'
  problems.push({ file, line: firstDifference(current, expected), message })
}

const manifest: { scripts: Record<string, string> } = JSON.parse(
  await readFile(join(root, 'package.json'), 'utf8'),
)
const commands = { build: buildProgram, scripts: Object.keys(manifest.scripts) }
const files = await Array.fromAsync(
  glob('**/*.md', {
    cwd: root,
    exclude: (path) => /(^|\/)(node_modules|dist|\.warren)$/.test(path),
  }),
)
for (const file of files.toSorted()) {
  problems.push(
    ...brokenLinks(root, file),
    ...(await wrongCommandLines(root, file, commands)),
    ...unknownVariables(root, file, PROGRAMS),
  )
}

const rules = englishRules(root)
const sources = await Array.fromAsync(
  glob(['packages/*/{src,test,bench,corpus}/**/*.ts', 'scripts/**/*.ts'], { cwd: root }),
)
for (const file of files.toSorted()) problems.push(...documentEnglish(root, file, rules))
for (const file of sources.toSorted()) problems.push(...sourceEnglish(root, file, rules))

const paths = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const shown = problems.filter(
  ({ file }) => paths.length === 0 || paths.some((path) => file.startsWith(path)),
)
for (const { file, line, message } of shown) process.stderr.write(`${file}:${line}: ${message}\n`)
process.stderr.write(
  `${files.length} documents, ${sources.length} sources, ${shown.length} problems\n`,
)
process.exitCode = shown.length === 0 ? 0 : 1

function firstDifference(one: string, other: string): number {
  const [lines, others] = [one.split('\n'), other.split('\n')]
  return lines.findIndex((line, index) => line !== others[index]) + 1 || 1
}
