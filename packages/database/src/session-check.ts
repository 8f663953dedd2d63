import type { Client } from 'pg'

import type { HostAttempt } from './connection-attempts.ts'

/** The host accepts connections, but not of the demanded kind. */
export class WrongSessionError extends Error {
  override readonly name = 'WrongSessionError'
}

/** @throws WrongSessionError if the session is not of the demanded kind */
export async function checkSession(client: Client, target: HostAttempt['session']): Promise<void> {
  if (target === 'any') return
  const { rows } = await client.query<{ standby: boolean; readonly: boolean }>(
    `select pg_is_in_recovery() as standby, current_setting('transaction_read_only') = 'on' as readonly`,
  )
  const { standby = false, readonly = false } = rows[0] ?? {}
  const fits = {
    primary: !standby,
    standby,
    'read-write': !readonly && !standby,
    'read-only': readonly || standby,
  }[target]
  if (!fits) throw new WrongSessionError(`the server is not ${target}`)
}
