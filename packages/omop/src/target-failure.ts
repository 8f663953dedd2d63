import { duckDbError, postgresError, type SourceError } from '@warren/database'
import { ExitCode, ProgramError } from '@warren/runtime'
import { DatabaseError } from 'pg'

/** Names the failed target. Exit code 69 if it is not available, 1 otherwise. */
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

/** For a row that the table rejects, names the table and column from the server's error, and leaves out its data. */
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
        hint: 'Add --schema NAME with the name of a new schema, so that Warren creates the tables.',
        cause: error,
      },
    )
  }
  const hint =
    wrapped.code === '42501'
      ? 'Use a database user that can create tables, or that owns the existing ones.'
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

/** Prevents a mix of two data sets in one table. */
export function tableNotEmpty(target: string, table: string): ProgramError {
  return new ProgramError(`${target}: the table ${table} already has rows`, {
    exitCode: ExitCode.failure,
    hint: 'Add --replace to empty all CDM tables first, or use another --schema or --to.',
  })
}
