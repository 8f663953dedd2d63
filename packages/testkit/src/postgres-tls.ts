import { Client } from 'pg'

import { until } from './until.ts'

export interface PostgresTlsOptions {
  /** Key and certificate of the server, PEM. */
  readonly key: string
  readonly cert: string
  /** Demands a client certificate that is signed by this one. */
  readonly clientCa?: string
}

/** Makes a private server accept encrypted connections only. `url` has a superuser. */
export async function demandTls(url: string, options: PostgresTlsOptions): Promise<void> {
  const { key, cert, clientCa } = options
  await using session = await connect(url)
  const files = {
    'server.key': key,
    'server.crt': cert,
    ...(clientCa === undefined ? {} : { 'clients.crt': clientCa }),
    'pg_hba.conf': `hostssl all all all scram-sha-256${clientCa === undefined ? '' : ' clientcert=verify-ca'}\n`,
  }
  for (const [name, content] of Object.entries(files)) {
    // Written by the server, whose user may be another one.
    const base64 = Buffer.from(content).toString('base64')
    await session.client.query(
      `copy (select '${base64}') to program 'umask 077; base64 -d > ${name}'`,
    )
  }
  if (clientCa !== undefined)
    await session.client.query(`alter system set ssl_ca_file = 'clients.crt'`)
  await session.client.query('alter system set ssl = on')
  await session.client.query('select pg_reload_conf()')
  // The server reloads its configuration in the background.
  await until(() => isRejectedWithoutTls(url), { what: 'the server to demand TLS' })
}

async function isRejectedWithoutTls(url: string): Promise<boolean> {
  try {
    await using _ = await connect(url)
    return false
  } catch (error: unknown) {
    return error instanceof Error && 'code' in error && error.code === '28000'
  }
}

async function connect(url: string): Promise<AsyncDisposable & { client: Client }> {
  const client = new Client({ connectionString: url, ssl: false })
  client.on('error', () => {})
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}
