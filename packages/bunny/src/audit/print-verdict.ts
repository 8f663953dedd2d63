import { ProgramError, styles, type CliIo } from '@warren/runtime'
import { requireFiles } from './read-audit.ts'
import { verifyAudit, type AuditVerdict, type VerifyOptions } from './verify-audit.ts'

/** Verifies a record and prints the verdict. Throws `ProgramError` with exit code 1 if the record is not complete. */
export async function printVerdict(
  folder: string,
  options: VerifyOptions & { json: boolean },
  io: CliIo,
): Promise<void> {
  await requireFiles(folder)
  const verdict = await verifyAudit(folder, options)
  const isComplete = verdict.problemCount === 0
  if (options.json) {
    io.stdout.write(`${JSON.stringify({ ok: isComplete, ...verdict }, null, 2)}\n`)
  } else printForPeople(verdict, io)
  if (!isComplete) {
    const noun = verdict.problemCount === 1 ? 'problem' : 'problems'
    throw new ProgramError(
      `the audit record is not complete: ${String(verdict.problemCount)} ${noun}`,
      { hint: 'Compare the files with a backup, and find out who can write to the folder.' },
    )
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
