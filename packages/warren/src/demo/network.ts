import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { DuckDBInstance } from '@duckdb/node-api'
import { loadBunnyConfig, startBunny, type CdmSource } from '@warren/bunny'
import { DuckDbSource } from '@warren/bunny/sources'
import { generateOmop } from '@warren/omop'
import { loadRelayConfig, startRelay, type NewUser, type RelayHandle } from '@warren/relay'
import { loadUpstreamConfig, startUpstream, type UpstreamHandle } from '@warren/upstream'

import { DemoLogs } from './demo-logs.ts'
import { lockFolder } from './folder-lock.ts'
import { HOSPITALS, type Hospital } from './hospitals.ts'
import type { LogLine } from './question-progress.ts'

export interface DemoNetworkOptions {
  /** As `RELAY_STORE`; default: a new SQLite file in `folder`. */
  readonly store: string | undefined
  /** As `RELAY_QUEUE`. */
  readonly queue: string
  readonly folder: string
  /** Default: the four of the demo. */
  readonly hospitals?: readonly Hospital[]
  /** Where every program writes its log. Files of an earlier run are removed. */
  readonly logFolder: string
  /** Receives every log line of every program. */
  readonly onLogLine: (line: LogLine) => void
  /** Receives what the start does next, such as "starting the relay". */
  readonly onStep: (step: string) => void
}

export interface HospitalDatabase {
  readonly hospital: Hospital
  readonly source: CdmSource
}

/** A whole network in this process. Disposing it stops the bunnies first and the upstream last. */
export interface DemoNetwork extends AsyncDisposable {
  readonly upstream: UpstreamHandle
  readonly upstreamCollection: string
  readonly relayUrl: string
  readonly databases: readonly HospitalDatabase[]
}

export async function startNetwork(options: DemoNetworkOptions): Promise<DemoNetwork> {
  const { folder, queue, logFolder, onLogLine, onStep, hospitals = HOSPITALS } = options
  await using starting = new AsyncDisposableStack()
  starting.use(lockFolder(folder))
  await rm(logFolder, { recursive: true, force: true })
  await mkdir(logFolder, { recursive: true })
  const database = join(folder, 'relay.db')
  for (const suffix of ['', '-wal', '-shm']) await rm(`${database}${suffix}`, { force: true })
  const store = options.store ?? `sqlite:${database}`
  const logs = starting.use(new DemoLogs(logFolder, onLogLine))

  onStep('generating synthetic patients')
  const databases: HospitalDatabase[] = []
  for (const hospital of hospitals) {
    const instance = await generatePatients(hospital)
    starting.defer(() => instance.closeSync())
    databases.push({ hospital, source: starting.use(DuckDbSource.forInstance(instance)) })
  }

  onStep('starting the upstream')
  const upstream = starting.use(
    await startUpstream(
      loadUpstreamConfig({
        UPSTREAM_HOST: '127.0.0.1',
        UPSTREAM_PORT: '0',
        UPSTREAM_STORE: 'memory',
      }),
      {
        log: logs.logger('upstream'),
      },
    ),
  )
  const collection = await upstream.collections.add({ name: 'demo-region' })

  onStep('starting the relay')
  const relay = starting.use(
    await startRelay(
      loadRelayConfig({
        RELAY_HOST: '127.0.0.1',
        RELAY_PORT: '0',
        RELAY_STORE: store,
        RELAY_QUEUE: queue,
        RELAY_UPSTREAM_BASE_URL: upstream.url,
        RELAY_UPSTREAM_COLLECTION_ID: collection.collectionId,
        RELAY_UPSTREAM_USERNAME: collection.username,
        RELAY_UPSTREAM_PASSWORD: collection.password,
        RELAY_UPSTREAM_POLL_INTERVAL: '500',
        RELAY_STARTUP_TIMEOUT: '5s',
      }),
      { log: logs.logger('relay') },
    ),
  )

  onStep(`starting ${hospitals.length} bunnies`)
  for (const { hospital, source } of databases) {
    const login = await loginFor(relay, hospital.name)
    const config = loadBunnyConfig({
      TASK_API_BASE_URL: relay.url,
      TASK_API_ENFORCE_HTTPS: 'false',
      TASK_API_USERNAME: login.username,
      TASK_API_PASSWORD: login.password,
      COLLECTION_ID: login.collectionId,
      DATASOURCE_DB_DRIVERNAME: 'duckdb',
      DATASOURCE_DB_SCHEMA: source.schema,
      OMOP_SPECIMEN_ENABLED: 'true',
      OMOP_LOCATION_ENABLED: String(hospital.cdm === '5.4'),
      BUNNY_WORKER_ID: hospital.name,
      // The network of a demo ends with its process.
      BUNNY_STATE: 'memory',
    })
    starting.use(await startBunny(config, { log: logs.logger('bunny', hospital.name), source }))
  }

  const resources = starting.move()
  return {
    upstream,
    upstreamCollection: collection.collectionId,
    relayUrl: relay.url,
    databases,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** Credentials at the relay. A user that an earlier demo left in the database gets a new password. */
async function loginFor({ users }: RelayHandle, name: string): Promise<NewUser> {
  const known = (await users.list()).find((user) => user.name === name)
  const collectionId = known?.nodeIds[0]
  if (collectionId === undefined) return users.add(name)
  return { ...(await users.resetPassword(name)), collectionId }
}

/** A hospital's patients, in memory, the same in every run. */
async function generatePatients({
  persons,
  seed,
  profile,
  cdm,
}: Hospital): Promise<DuckDBInstance> {
  const instance = await DuckDBInstance.create(':memory:')
  await generateOmop({ persons, seed, profile, to: instance })
  if (cdm === '5.3') {
    const connection = await instance.connect()
    await connection.run('alter table location drop column latitude')
    await connection.run('alter table location drop column longitude')
    connection.closeSync()
  }
  return instance
}
