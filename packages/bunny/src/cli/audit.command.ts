import { ExitCode, ProgramError, type CliIo } from '@warren/runtime'
import { Command, InvalidArgumentError } from 'commander'
import { exportAudit } from '../audit/export-audit.ts'
import { showAudit } from '../audit/show-audit.ts'
import { printVerdicts } from '../audit/print-verdict.ts'
import type { ChainEnd } from '../audit/audit-chain.ts'
import { auditFoldersFrom, withFolder, type FolderOptions } from './state-options.ts'

export function auditCommand(io: CliIo): Command {
  return new Command('audit')
    .description("read the site's own record of every question and of what left")
    .addCommand(showCommand(io))
    .addCommand(verifyCommand(io))
    .addCommand(exportCommand(io))
}

const withAuditFolder = (command: Command): Command => withFolder(command, 'the record')

interface FilterOptions extends FolderOptions {
  readonly since?: Date
  readonly owner?: string
}

const withFilter = (command: Command): Command =>
  withAuditFolder(command)
    .option('--since <time>', 'entries from this time on: 2026-10-01, or 24h, 7d', parseSince)
    .option('--owner <name>', 'entries about questions of this owner')

function showCommand(io: CliIo): Command {
  return withFilter(new Command('show'))
    .description('print the entries, oldest first')
    .option('--json', 'print one JSON object per line')
    .option('--limit <count>', 'print the last entries only; 0: all', parseCount, 50)
    .action(async (options: FilterOptions & { json?: true; limit: number }) => {
      const show = { ...options, json: options.json === true }
      for (const record of auditFoldersFrom(options, io)) await showAudit(record, show, io)
    })
}

interface VerifyCommandOptions extends FolderOptions {
  readonly expect?: ChainEnd
  readonly first: number
  readonly json?: true
}

function verifyCommand(io: CliIo): Command {
  return withAuditFolder(new Command('verify'))
    .description('check that no entry was changed, removed, added or reordered')
    .option(
      '--expect <end>',
      'an end that was noted earlier, SEQ:HASH, to find removed entries',
      parseEnd,
    )
    .option(
      '--first <seq>',
      'number of the first entry, if older files were moved elsewhere',
      parsePositive,
      1,
    )
    .option('--json', 'print a JSON object')
    .addHelpText(
      'after',
      `
Note the end that is printed in another place. With --expect it proves later that no entry was removed or written again.

Exit codes: 0 the record is complete, 1 it is not, 69 it cannot be read.`,
    )
    .action(async (options: VerifyCommandOptions) => {
      const { first, expect: expected } = options
      const records = auditFoldersFrom(options, io)
      if (records.length > 1 && (expected !== undefined || first !== 1)) {
        throw new ProgramError('there are several audit records', {
          exitCode: ExitCode.usage,
          hint: `Add --collection with one of: ${records.map(({ name }) => name).join(', ')}.`,
        })
      }
      const verify = { first, json: options.json === true }
      await printVerdicts(records, expected === undefined ? verify : { ...verify, expected }, io)
    })
}

function exportCommand(io: CliIo): Command {
  return withFilter(new Command('export'))
    .description('write all entries, oldest first, to standard output')
    .option('--format <format>', 'jsonl or csv', parseFormat, 'jsonl')
    .action(async (options: FilterOptions & { format: 'jsonl' | 'csv' }) => {
      await exportAudit(auditFoldersFrom(options, io), options, io)
    })
}

function parseFormat(text: string): 'jsonl' | 'csv' {
  if (text === 'jsonl' || text === 'csv') return text
  throw new InvalidArgumentError('Use jsonl or csv.')
}

function parseCount(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(count)) throw new InvalidArgumentError('Use a whole number.')
  return count
}

function parsePositive(text: string): number {
  const count = parseCount(text)
  if (count < 1) throw new InvalidArgumentError('Use 1 or more.')
  return count
}

function parseEnd(text: string): ChainEnd {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim())
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new InvalidArgumentError('Use SEQ:HASH, as warren bunny audit verify prints it.')
  }
  return { seq: Number(match[1]), hash: match[2] }
}

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

function parseSince(text: string): Date {
  const ago = /^(\d{1,6})([mhd])$/.exec(text)
  const unit = ago?.[2]
  if (ago?.[1] !== undefined && (unit === 'm' || unit === 'h' || unit === 'd')) {
    return new Date(Date.now() - Number(ago[1]) * UNIT_MS[unit])
  }
  const date = /^\d{4}-\d{2}-\d{2}/.test(text) ? new Date(text) : new Date(Number.NaN)
  if (Number.isNaN(date.getTime())) {
    throw new InvalidArgumentError(
      'Use a date such as 2026-10-01 or 2026-10-01T08:00:00Z, or 24h, 7d.',
    )
  }
  return date
}
