import { parsePostgresAddress, type PostgresAddress } from '@warren/database'
import { ExitCode, ProgramError } from '@warren/runtime'

export type StoreTarget =
  | { readonly technology: 'sqlite'; readonly file: string }
  | { readonly technology: 'postgresql'; readonly address: PostgresAddress }

export const STORE_EXAMPLES =
  'sqlite:FILE, postgres://USER:PASSWORD@HOST:5432/DATABASE or Host=…;Port=…;Database=…;Username=…;Password=…'

/**
 * Parses RELAY_STORE. Missing parts of a PostgreSQL address come from the environment variables of libpq.
 * @throws ProgramError that names what is wrong, and contains no password
 */
export function parseStoreTarget(text: string, env: NodeJS.ProcessEnv = {}): StoreTarget {
  const sqlite = /^sqlite:(?:\/\/(?=\/))?(.+)$/i.exec(text)?.[1]
  if (sqlite !== undefined) return { technology: 'sqlite', file: sqlite }
  if (/^(?:postgres(?:ql)?:\/\/|[^/:]*=)/i.test(text)) {
    return { technology: 'postgresql', address: parsePostgresAddress(text, env) }
  }
  throw new ProgramError(`expected ${STORE_EXAMPLES}`, { exitCode: ExitCode.config })
}

/** The passwords in RELAY_STORE, encoded and decoded, to be masked in logs. */
export function storeSecrets(text: string): string[] {
  let target: StoreTarget
  try {
    target = parseStoreTarget(text)
  } catch {
    return []
  }
  if (target.technology !== 'postgresql') return []
  const { password, tls } = target.address
  return [password, tls.keyPassword].flatMap((secret) =>
    secret === undefined ? [] : [...new Set([encodeURIComponent(secret), secret])],
  )
}
