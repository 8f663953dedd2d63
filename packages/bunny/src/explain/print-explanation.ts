import { columnsOf, styles, truncate, wrapWords, type CliIo } from '@warren/runtime'
import { DIALECTS, type SqlDialect } from '@warren/cohort'
import type { SqlStatement } from '../sources/cdm-source.ts'
import type { Explanation } from './explain-task.ts'

/** Prints an explanation for people. */
export function printExplanation(
  explanation: Explanation,
  { dialect, statements }: { dialect: SqlDialect; statements: readonly SqlStatement[] },
  io: CliIo,
): void {
  const { stdout, env } = io
  const paint = styles(stdout, env)
  const columns = Math.min(columnsOf(stdout, env), 100)
  const { words, kind, owner, problems, tables, run } = explanation
  const heading = (text: string): void => void stdout.write(`\n${paint.bold(text)}\n`)
  const paragraph = (text: string, first = '', rest = first): void =>
    void stdout.write(`${wrapWords(text, columns, { first, rest }).join('\n')}\n`)

  paragraph(paint.bold(words))
  paragraph(`${kind}${owner === '' ? '' : `, asked by ${owner}`}`)
  if (problems.length > 0) {
    heading('Problems')
    for (const { path, message } of problems) {
      paragraph(path === '' ? message : `${path}: ${message}`, `${paint.red('✗')} `, '  ')
    }
    return
  }
  heading('Tables')
  paragraph(tables.join(', '), '  ')
  heading(`SQL (${dialect})`)
  for (const { text, values } of statements) {
    stdout.write(`${indented(text)}\n`)
    if (values.length > 0) {
      const bound = values.map(
        (value, index) => `${DIALECTS[dialect].placeholder(index + 1)} = ${String(value)}`,
      )
      paragraph(bound.join(', '), '  -- ', '  -- ')
    }
  }
  if (run === undefined) return
  heading(`Run on this database (${run.dialect})`)
  if (run.failure !== undefined) paragraph(`not answered: ${run.failure}`, '  ')
  for (const [index, { durationMs, plan }] of run.statements.entries()) {
    stdout.write(`  statement ${String(index + 1)}: ${String(durationMs)} ms\n`)
    const isWide = stdout.isTTY === true
    for (const line of plan) stdout.write(`    ${isWide ? truncate(line, columns - 4) : line}\n`)
  }
  stdout.write(`  in all: ${String(run.durationMs)} ms; nothing was sent\n`)
}

const indented = (text: string): string => text.replaceAll(/^/gm, '  ')
