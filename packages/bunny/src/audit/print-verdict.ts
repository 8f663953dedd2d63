import { ProgramError, styles, type CliIo } from '@warren/runtime'
import { requireFiles } from './read-audit.ts'
import { verifyAudit, type AuditVerdict, type VerifyOptions } from './verify-audit.ts'

/**
 * Verifies records and prints a verdict on each. Throws `ProgramError`: with exit code 1 if one of them is not complete, and
 * with 69 if one cannot be read.
 */
export async function printVerdicts(
  records: readonly { readonly name: string; readonly folder: string }[],
  options: VerifyOptions & { json: boolean },
  io: CliIo,
): Promise<void> {
  const { bold } = styles(io.stdout, io.env)
  let problems = 0
  for (const { folder } of records) await requireFiles(folder)
  for (const { name, folder } of records) {
    const verdict = await verifyAudit(folder, options)
    problems += verdict.problemCount
    if (options.json) {
      const link = name === '' ? {} : { link: name }
      const ok = verdict.problemCount === 0
      io.stdout.write(`${JSON.stringify({ ok, ...link, ...verdict }, null, 2)}\n`)
    } else {
      if (name !== '') io.stdout.write(`${bold(name)}\n`)
      printForPeople(verdict, io)
    }
  }
  if (problems > 0) {
    const noun = problems === 1 ? 'problem' : 'problems'
    throw new ProgramError(`the audit record is not complete: ${String(problems)} ${noun}`, {
      hint: 'Compare the files with a backup, and find out who can write to the folder.',
    })
  }
}

function printForPeople(verdict: AuditVerdict, { stdout, env }: CliIo): void {
  const paint = styles(stdout, env)
  const { entries, files, firstTime, lastTime, problems, problemCount, end, hasTornLine } = verdict
  const range = firstTime === undefined ? '' : `, from ${firstTime} to ${lastTime ?? firstTime}`
  stdout.write(
    `${counted(entries, 'entry', 'entries')} in ${counted(files, 'file', 'files')}${range}\n`,
  )
  for (const { at, problem } of problems) stdout.write(`${paint.red('✗')} ${at}: ${problem}\n`)
  if (problemCount > problems.length) {
    stdout.write(`${paint.red('✗')} and ${String(problemCount - problems.length)} more\n`)
  }
  if (hasTornLine) {
    stdout.write(
      `${paint.yellow('!')} the last line is incomplete: the next start of the bunny repairs and records it\n`,
    )
  }
  if (problemCount === 0)
    stdout.write(`${paint.green('✓')} every entry follows the one before it\n`)
  stdout.write(`end ${String(end.seq)}:${end.hash}\n`)
}

const counted = (count: number, one: string, many: string): string =>
  `${String(count)} ${count === 1 ? one : many}`
