import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger, type LogRecord } from '@warren/runtime'
import { createDatabase, describePostgres } from '@warren/testkit'
import { describe } from 'vitest'
import { z } from 'zod'
import { loadRelayConfig, type RelayHandle, startRelay } from '../../src/index.ts'

const logRecord = z.looseObject({
  level: z.number(),
  time: z.number(),
  msg: z.string(),
  component: z.string(),
})

export interface TestRelay extends RelayHandle {
  /** Everything logged so far, at debug and above. */
  readonly records: readonly LogRecord[]
  logged(msg: string): LogRecord[]
}

/** Starts a relay on a free port of this machine. `env` configures the rest, above all RELAY_STORE. */
export async function startTestRelay(
  env: NodeJS.ProcessEnv,
  options: { summaryMs?: number } = {},
): Promise<TestRelay> {
  const records: LogRecord[] = []
  const config = loadRelayConfig({ RELAY_HOST: '127.0.0.1', RELAY_PORT: '0', ...env })
  const log = createLogger({
    component: 'relay',
    level: 'debug',
    format: 'json',
    destination: { write: (line: string) => records.push(logRecord.parse(JSON.parse(line))) },
    secrets: config.secrets,
  })
  const relay = await startRelay(config, { log, ...options })
  return {
    ...relay,
    records,
    logged: (msg) => records.filter((record) => record.msg === msg),
  }
}

export interface TestStore extends AsyncDisposable {
  /** Value of RELAY_STORE. */
  readonly url: string
}

async function sqliteFile(): Promise<TestStore> {
  const folder = await mkdtemp(join(tmpdir(), 'warren-relay-'))
  return {
    url: `sqlite:${join(folder, 'relay.sqlite')}`,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Runs the suite on SQLite and on PostgreSQL. `open` creates an empty database. */
export function describeStores(title: string, suite: (open: () => Promise<TestStore>) => void) {
  describe(`${title}, on SQLite`, () => suite(sqliteFile))
  describePostgres(`${title}, on PostgreSQL`, () => suite(createDatabase))
}

/** For suites that do not depend on the kind of database. */
export const openSqlite = sqliteFile
