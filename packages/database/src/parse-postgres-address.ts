import { addressProblem } from './address-problem.ts'
import { parseNpgsqlConnectionString } from './npgsql-connection-string.ts'
import type { PostgresAddress } from './postgres-address.ts'
import { parsePostgresUrl, POSTGRES_URL } from './postgres-url.ts'

/**
 * Reads a URL with the meaning that it has for libpq (`postgres://…`), or a connection string with the meaning that it has
 * for Npgsql (`Host=…`).
 * @throws ProgramError that names what is wrong, and contains no password
 */
export function parsePostgresAddress(text: string, env: NodeJS.ProcessEnv = {}): PostgresAddress {
  if (POSTGRES_URL.test(text)) return parsePostgresUrl(text, env)
  if (/^[^/:]*=/.test(text)) return parseNpgsqlConnectionString(text, env)
  throw addressProblem(
    'the address is neither a PostgreSQL URL nor a connection string',
    'Use postgres://USER:PASSWORD@HOST:5432/DATABASE or Host=HOST;Database=DATABASE;Username=USER;Password=PASSWORD.',
  )
}
