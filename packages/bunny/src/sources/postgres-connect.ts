import { Client, type ClientConfig } from 'pg'

import type { PostgresAttempt } from './postgres-address.ts'
import { postgresError } from './postgres-error.ts'
import { SourceError } from './source-error.ts'

/**
 * Connects with the first attempt that the server accepts. Only a rejection of its encryption leads to the next attempt.
 * The caller ends the client. Throws `SourceError`.
 */
export async function connectPostgres(
  attempts: readonly PostgresAttempt[],
): Promise<{ client: Client; config: ClientConfig }> {
  for (const [index, config] of attempts.entries()) {
    const client = new Client(config)
    // Emitted if the connection breaks between two statements. The next statement fails and reports it.
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
  throw new SourceError('unavailable', 'no connection attempt is configured')
}
