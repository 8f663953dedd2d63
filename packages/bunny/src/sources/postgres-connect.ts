import { Client, type ClientConfig } from 'pg'

import type { PostgresAttempt } from './postgres-address.ts'
import { postgresError } from './postgres-error.ts'
import { SourceError } from './source-error.ts'

/**
 * Connects in the first of these ways that the server accepts. Only a disagreement about encryption leads to the next
 * one; the caller ends the client. Throws `SourceError`.
 */
export async function connectPostgres(
  attempts: readonly PostgresAttempt[],
): Promise<{ client: Client; config: ClientConfig }> {
  for (const [index, config] of attempts.entries()) {
    const client = new Client(config)
    // A connection that breaks between two statements says so here; the next statement fails and reports it.
    client.on('error', () => {})
    try {
      await client.connect()
      return { client, config }
    } catch (error: unknown) {
      await client.end().catch(() => {})
      const wrapped = postgresError(error)
      const encryptionWasTheProblem =
        wrapped.code === 'NO_TLS' || (wrapped.code === '28000' && config.ssl === false)
      if (index === attempts.length - 1 || !encryptionWasTheProblem) throw wrapped
    }
  }
  throw new SourceError('unavailable', 'no way to connect to the database is configured')
}
