import { createInterface } from 'node:readline/promises'
import { asInvoked, type CliIo, ExitCode, ProgramError, writeTable } from '@warren/runtime'

export interface Output {
  readonly json?: boolean
}

/** Prints `value` as JSON, or else rows as a table. */
export function show(
  io: CliIo,
  { json }: Output,
  value: unknown,
  head: readonly string[],
  rows: readonly (readonly (string | number | boolean)[])[],
): void {
  if (json === true) io.stdout.write(`${JSON.stringify(value)}\n`)
  else writeTable(io, rows, { head })
}

/** Printed at a terminal only, and to standard error, so that scripts do not receive it. */
export function note(io: CliIo, text: string): void {
  if (io.stderr.isTTY === true) io.stderr.write(`${asInvoked(text, io.invocation)}\n`)
}

export async function confirm(
  io: CliIo,
  yes: boolean | undefined,
  question: string,
): Promise<void> {
  if (yes === true) return
  if (io.stdin.isTTY !== true) {
    throw new ProgramError('cannot ask for confirmation: standard input is not a terminal', {
      exitCode: ExitCode.usage,
      hint: 'Add --yes to skip the confirmation.',
    })
  }
  const terminal = createInterface({ input: io.stdin })
  try {
    io.stderr.write(`${question} [y/N] `)
    const answer = await terminal.question('')
    if (!/^y(es)?$/i.test(answer.trim())) throw new ProgramError('cancelled: nothing was changed')
  } finally {
    terminal.close()
  }
}

const STEPS: readonly [limitMs: number, unitMs: number, unit: string][] = [
  [120_000, 1_000, 's'],
  [7_200_000, 60_000, 'min'],
  [172_800_000, 3_600_000, 'h'],
]

/** A length of time in one unit, for people: `4 s`, `12 min`, `5 h`, `3 days`. */
export function roughly(ms: number): string {
  const step = STEPS.find(([limitMs]) => ms < limitMs)
  if (step === undefined) return `${Math.floor(ms / 86_400_000)} days`
  return `${Math.floor(Math.max(0, ms) / step[1])} ${step[2]}`
}

/** How long ago something was: `4 s ago`; `never` for null. */
export function ago(ms: number | null): string {
  return ms === null ? 'never' : `${roughly(ms)} ago`
}
