import { createHash, randomBytes } from 'node:crypto'

import { Client } from 'pg'

import { describeService } from './describe-service.ts'
import { callManager, MANAGER_VARIABLE } from './manager/manager-client.ts'
import { startPrivateDatabase, type PrivatePostgres } from './manager/private-service.ts'
import { text } from './manager/text-member.ts'
import { configuredUrl, POSTGRES } from './services/requirement.ts'

/** A suite that needs PostgreSQL, which runs before the hooks of the suite do. */
export function describePostgres(title: string, suite: () => void): void {
  describeService(POSTGRES, title, suite, postgresUrl)
}

/** URL of the PostgreSQL of this run, with a user that may create databases and users. */
export async function postgresUrl(): Promise<string> {
  return configuredUrl(POSTGRES) ?? text(await callManager('/postgres'), 'url')
}

export interface TestDatabase extends AsyncDisposable {
  readonly name: string
  readonly url: string
}

export interface DatabaseTemplate {
  /** Identifies the template within a run: two different `prepare` functions need two names. */
  readonly name: string
  /** Fills the database at `url`. Called once; must close its connections. */
  readonly prepare: (url: string) => Promise<void>
}

/** Creates an empty database, or a copy of a template that is prepared only once per run. */
export async function createDatabase(
  options: { template?: DatabaseTemplate } = {},
): Promise<TestDatabase> {
  const server = await postgresUrl()
  const { template } = options
  const name = `warren_${randomBytes(6).toString('hex')}`
  if (template === undefined) await command(server, `CREATE DATABASE ${name} TEMPLATE template0`)
  else await copyTemplate(server, name, template)
  return {
    name,
    url: databaseUrl(server, name),
    // FORCE, because a leaked connection must not make the disposal fail.
    [Symbol.asyncDispose]: () => command(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

/** Starts a PostgreSQL that only the caller uses and can stop. Takes a few seconds. */
export function startPrivatePostgres(): Promise<PrivatePostgres> {
  return startPrivateDatabase()
}

async function copyTemplate(server: string, name: string, template: DatabaseTemplate) {
  const source = templateName(template.name)
  await using session = await connect(server)
  // Several workers may need the template at once: one prepares it, the others wait.
  await session.client.query('SELECT pg_advisory_lock(hashtext($1))', [source])
  const { rowCount } = await session.client.query('SELECT 1 FROM pg_database WHERE datname = $1', [
    source,
  ])
  if (rowCount === 0) {
    const draft = `${source}_draft`
    await session.client.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`)
    await session.client.query(`CREATE DATABASE ${draft} TEMPLATE template0`)
    await template.prepare(databaseUrl(server, draft))
    // Renamed last, so that a failed preparation is never copied.
    await session.client.query(`ALTER DATABASE ${draft} RENAME TO ${source}`)
  }
  await session.client.query(`CREATE DATABASE ${name} TEMPLATE ${source}`)
}

/** Unique per run: on a server that outlives it, the next run may prepare another template with that name. */
function templateName(name: string): string {
  const run = process.env[MANAGER_VARIABLE] ?? String(process.pid)
  const runId = createHash('sha256').update(run).digest('hex').slice(0, 16)
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')
  // PostgreSQL truncates identifiers to 63 bytes, and the suffix of the draft needs six.
  return `warren_t_${runId}_${plain}`.slice(0, 56)
}

function databaseUrl(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

async function connect(url: string): Promise<AsyncDisposable & { client: Client }> {
  const client = new Client({ connectionString: url })
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}

async function command(server: string, sql: string): Promise<void> {
  await using session = await connect(server)
  await session.client.query(sql)
}
