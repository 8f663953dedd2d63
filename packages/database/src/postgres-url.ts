import type { ProgramError } from '@warren/runtime'

import { addressProblem } from './address-problem.ts'
import { readLibpqParameters } from './libpq-parameters.ts'
import type { PostgresAddress } from './postgres-address.ts'

export const POSTGRES_URL = /^postgres(?:ql)?:\/\//i

// Not a URL of the WHATWG, which allows only one host.
const PARTS =
  /^[^:]+:\/\/(?:(?<login>[^/?#]*)@)?(?<hosts>[^/?#@]*)(?:\/(?<name>[^?#@/]*))?(?:\?(?<query>[^#]*))?$/

/**
 * Reads `postgres://user:password@host:5432,other:5432/database?sslmode=…`. Missing parts come from the environment
 * variables of libpq: `PGUSER`, `PGPASSWORD` and others.
 * @throws ProgramError
 */
export function parsePostgresUrl(url: string, env: NodeJS.ProcessEnv): PostgresAddress {
  const parts = PARTS.exec(url)?.groups
  if (parts === undefined) throw unreadable()
  const { login = '', hosts = '', name = '', query = '' } = parts
  const [, user = '', password = ''] = /^([^:]*):?(.*)$/s.exec(login) ?? []
  const parameters: Record<string, string> = {}
  const set = (key: string, value: string): void => {
    if (value !== '') parameters[key] = value
  }
  for (const pair of query.split('&')) {
    const [, key = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? []
    const word = decode(key)
    // A spelling of JDBC that libpq accepts too.
    if (word === 'ssl') parameters['sslmode'] ??= isTrue(value) ? 'require' : 'disable'
    else set(word, decode(value))
  }
  set('user', parameters['user'] ?? decode(user))
  set('password', parameters['password'] ?? decode(password))
  set('dbname', parameters['dbname'] ?? decode(name))
  if (parameters['host'] === undefined) {
    const pairs = hosts.split(',').map(readHost)
    set('host', pairs.map(({ host }) => host).join(','))
    if (pairs.some(({ port }) => port !== '')) {
      parameters['port'] = pairs.map(({ port }) => port).join(',')
    }
  }
  return readLibpqParameters(parameters, env)
}

function readHost(text: string): { host: string; port: string } {
  const parts = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(text)
  if (parts === null) throw unreadable()
  return { host: decode(parts[1] ?? ''), port: parts[2] ?? '' }
}

/** The usual cause is a password with a special character. The message contains nothing of the URL. */
function unreadable(): ProgramError {
  return addressProblem(
    'cannot read the PostgreSQL URL',
    'Use postgres://USER:PASSWORD@HOST:5432/DATABASE, and write / ? # @ : % in a password as %2F %3F %23 %40 %3A %25.',
  )
}

function isTrue(text: string): boolean {
  return text === 'true' || text === '1'
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw addressProblem('the PostgreSQL URL contains a % that must be written as %25')
  }
}
