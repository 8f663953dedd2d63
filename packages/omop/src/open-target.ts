import { DuckDBInstance } from '@duckdb/node-api'
import { parsePostgresAddress } from '@warren/database'
import { ExitCode, ProgramError } from '@warren/runtime'

import { DuckDbTarget } from './duckdb-target.ts'
import type { OmopTarget } from './omop-target.ts'
import { PostgresTarget } from './postgres-target.ts'

/** `duckdb:FILE`, `postgres://USER@HOST:PORT/DATABASE`, or an open DuckDB instance, which the caller closes. */
export type TargetLocation = string | DuckDBInstance

export function openTarget(
  to: TargetLocation,
  options: { schema?: string | undefined; env?: NodeJS.ProcessEnv | undefined },
): Promise<OmopTarget> {
  const { schema, env = {} } = options
  if (to instanceof DuckDBInstance) return DuckDbTarget.forInstance(to, schema)
  if (/^postgres(ql)?:/.test(to)) return PostgresTarget.open(parsePostgresAddress(to, env), schema)
  const file = /^duckdb:(?:\/\/)?(.+)$/.exec(to)?.[1]
  if (file !== undefined && file !== ':memory:') return DuckDbTarget.forFile(file, schema)
  throw new ProgramError('the target is neither a DuckDB file nor a PostgreSQL URL', {
    exitCode: ExitCode.usage,
    hint: 'Use --to duckdb:FILE or --to postgres://USER@HOST:5432/DATABASE.',
  })
}
