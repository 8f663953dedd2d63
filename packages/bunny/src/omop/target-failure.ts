import { ExitCode, ProgramError } from '@warren/runtime'
import { DatabaseError } from 'pg'

import { duckDbError } from '../sources/duckdb-error.ts'
import { postgresError } from '../sources/postgres-error.ts'
import type { SourceError } from '../sources/source-error.ts'

/** Says which target failed and how to end: 69 when it cannot be reached, 1 otherwise. */
function targetFailure(error: SourceError, target: string, hint?: string): ProgramError {
  const unreachable = error.kind === 'unavailable' || error.kind === 'authentication'
  const code = error.code === '' ? '' : ` (${error.code})`
  return new ProgramError(`${target}: ${error.message}${code}`, {
    exitCode: unreachable ? ExitCode.unavailable : ExitCode.failure,
    hint,
    cause: error,
  })
}

export function duckDbFailure(error: unknown, target: string): ProgramError {
  return error instanceof ProgramError ? error : targetFailure(duckDbError(error), target)
}

/** What the server says about a row that its own table definition refuses; the row itself is in the parts left out. */
export function postgresFailure(error: unknown, target: string): ProgramError {
  if (error instanceof ProgramError) return error
  const wrapped = postgresError(error)
  const place = copyPlace(error)
  // Classes 22 and 23: the value does not fit the column, or breaks a constraint of the table.
  if (/^2[23]/.test(wrapped.code)) {
    return new ProgramError(
      `${target}: a row does not fit the existing table${place} (SQLSTATE ${wrapped.code})`,
      {
        exitCode: ExitCode.data,
        hint: 'load into an empty schema (--schema NAME) to let Warren create the tables',
        cause: error,
      },
    )
  }
  const hint =
    wrapped.code === '42501'
      ? 'loading needs an account that may create tables (or owns the existing ones)'
      : undefined
  return targetFailure(wrapped, target, hint)
}

function copyPlace(error: unknown): string {
  if (!(error instanceof DatabaseError)) return ''
  const copy = /^COPY (\w+), line \d+(?:, column (\w+))?/.exec(error.where ?? '')
  const names = [copy?.[1] ?? error.table, copy?.[2] ?? error.column]
  const place = names.filter((name) => name !== undefined).join('.')
  return place === '' ? '' : ` ${place}`
}

/** Refuses to mix two data sets in one table. */
export function tableNotEmpty(target: string, table: string): ProgramError {
  return new ProgramError(`${target}: table ${table} has rows already`, {
    exitCode: ExitCode.failure,
    hint: 'add --replace to empty all CDM tables first, or choose another --schema or target',
  })
}
