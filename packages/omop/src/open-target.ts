import type { DuckDBInstance } from '@duckdb/node-api'
import { parsePostgresAddress } from '@warren/database'
import { ExitCode, ProgramError } from '@warren/runtime'

import type { OmopTarget } from './omop-target.ts'

/** `duckdb:FILE`, `postgres://USER@HOST:PORT/DATABASE`, or an open DuckDB instance, which the caller closes. */
export type TargetLocation = string | DuckDBInstance

/** Loads the driver of the target only: a bunny has these commands too, and needs none of them. */
export async function openTarget(
  to: TargetLocation,
  options: { schema?: string | undefined; env?: NodeJS.ProcessEnv | undefined },
): Promise<OmopTarget> {
  const { schema, env = {} } = options
  if (typeof to !== 'string') {
    const { DuckDbTarget } = await import('./duckdb-target.ts')
    return await DuckDbTarget.forInstance(to, schema)
  }
  if (/^postgres(ql)?:/.test(to)) {
    const { PostgresTarget } = await import('./postgres-target.ts')
    return await PostgresTarget.open(parsePostgresAddress(to, env), schema)
  }
  const file = /^duckdb:(?:\/\/)?(.+)$/.exec(to)?.[1]
  if (file !== undefined && file !== ':memory:') {
    const { DuckDbTarget } = await import('./duckdb-target.ts')
    return await DuckDbTarget.forFile(file, schema)
  }
  throw new ProgramError('the target is neither a DuckDB file nor a PostgreSQL URL', {
    exitCode: ExitCode.usage,
    hint: 'Use --to duckdb:FILE or --to postgres://USER@HOST:5432/DATABASE.',
  })
}
