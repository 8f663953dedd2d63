import { createWriteStream, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'

import { DuckDBInstance } from '@duckdb/node-api'
import { loadBunnyConfig, startBunny } from '@warren/bunny'
import { DuckDbSource } from '@warren/bunny/sources'
import { generateOmop } from '@warren/omop'
import {
  loadRelayConfig,
  relayLogText,
  startRelay,
  type NewUser,
  type RelayHandle,
} from '@warren/relay'
import { createLogger, relayText, type Logger } from '@warren/runtime'
import { FaultProxy } from '@warren/testkit'
import { loadUpstreamConfig, startUpstream, type UpstreamHandle } from '@warren/upstream'

/** The log files of every program, as an operator collects them. */
export interface NetworkFiles {
  readonly relay: string
  /** The relay again, in its text format: the lines of the .NET relay. */
  readonly relayText: string
  readonly near: string
  readonly far: string
}

/**
 * An upstream, a relay, the client `near`, whose polls the relay holds, and the client `far`, which polls at a fixed interval and
 * reaches the relay through a proxy that fails on demand.
 */
export interface RealNetwork extends AsyncDisposable {
  readonly files: NetworkFiles
  readonly relay: RelayHandle
  readonly proxy: FaultProxy
  /** What no report may show: passwords, collection IDs, base64 of credentials. */
  readonly secrets: readonly string[]
  /** Asks the network how many people are female; resolves with the state of the result. */
  ask(): Promise<string>
  stop(): Promise<void>
}

const FEMALE = {
  cohort: {
    groups_oper: 'AND',
    groups: [
      {
        rules_oper: 'AND',
        rules: [{ varname: 'OMOP', type: 'TEXT', oper: '=', varcat: 'Person', value: '8532' }],
      },
    ],
  },
}

class LogFiles implements AsyncDisposable {
  readonly #streams: WriteStream[] = []

  /** Appends lines to a new file; all are on disk once this is disposed. */
  file(path: string): WriteStream {
    const stream = createWriteStream(path)
    this.#streams.push(stream)
    return stream
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of this.#streams) stream.end()
    await Promise.all(this.#streams.map((stream) => finished(stream)))
  }
}

/** Starts all programs in this process, with logs at level debug in `folder`. */
export async function startRealNetwork(folder: string): Promise<RealNetwork> {
  await using starting = new AsyncDisposableStack()
  const logs = starting.use(new LogFiles())
  const files: NetworkFiles = {
    relay: join(folder, 'relay.log'),
    relayText: join(folder, 'relay-text.log'),
    near: join(folder, 'near.log'),
    far: join(folder, 'far.log'),
  }

  const upstream = starting.use(
    await startUpstream(
      loadUpstreamConfig({
        UPSTREAM_HOST: '127.0.0.1',
        UPSTREAM_PORT: '0',
        UPSTREAM_STORE: 'memory',
      }),
      { log: jsonLog('upstream', logs.file(join(folder, 'upstream.log'))) },
    ),
  )
  const region = await upstream.collections.add({ name: 'region' })

  const relay = starting.use(
    await startRelay(
      loadRelayConfig({
        RELAY_HOST: '127.0.0.1',
        RELAY_PORT: '0',
        RELAY_STORE: `sqlite:${join(folder, 'relay.db')}`,
        RELAY_QUEUE: 'database',
        RELAY_UPSTREAM_BASE_URL: upstream.url,
        RELAY_UPSTREAM_COLLECTION_ID: region.collectionId,
        RELAY_UPSTREAM_USERNAME: region.username,
        RELAY_UPSTREAM_PASSWORD: region.password,
        RELAY_UPSTREAM_POLL_INTERVAL: '500',
      }),
      { log: relayLog(logs.file(files.relay), logs.file(files.relayText)) },
    ),
  )
  const proxy = starting.use(await FaultProxy.start(relay.url))

  const near = await relay.users.add('near')
  const far = await relay.users.add('far')
  starting.use(
    await startClient(relay.url, near, jsonLog('bunny', logs.file(files.near)), {
      seed: 1,
      waitSeconds: 3,
    }),
  )
  starting.use(
    await startClient(proxy.url(relay.url), far, jsonLog('bunny', logs.file(files.far)), {
      seed: 2,
      waitSeconds: 0,
    }),
  )

  const resources = starting.move()
  return {
    files,
    relay,
    proxy,
    secrets: [region, near, far].flatMap(secretsOf),
    ask: () => ask(upstream, region.collectionId),
    stop: () => resources.disposeAsync(),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

async function startClient(
  url: string,
  account: NewUser,
  log: Logger,
  { seed, waitSeconds }: { seed: number; waitSeconds: number },
): Promise<AsyncDisposable> {
  await using starting = new AsyncDisposableStack()
  const instance = await DuckDBInstance.create(':memory:')
  starting.defer(() => instance.closeSync())
  await generateOmop({ persons: 100, seed, to: instance })
  const source = starting.use(DuckDbSource.forInstance(instance))
  const config = loadBunnyConfig({
    TASK_API_BASE_URL: url,
    TASK_API_ENFORCE_HTTPS: 'false',
    TASK_API_USERNAME: account.username,
    TASK_API_PASSWORD: account.password,
    COLLECTION_ID: account.collectionId,
    DATASOURCE_DB_DRIVERNAME: 'duckdb',
    DATASOURCE_DB_SCHEMA: source.schema,
    POLLING_INTERVAL: '1',
    POLL_WAIT_SECONDS: String(waitSeconds),
    INITIAL_BACKOFF: '0.5',
    MAX_BACKOFF: '1',
    BUNNY_STATE: 'memory',
  })
  starting.use(await startBunny(config, { log, source }))
  return starting.move()
}

async function ask(upstream: UpstreamHandle, collection: string): Promise<string> {
  const uuid = await upstream.ask({ ...FEMALE, collection })
  const { state } = await upstream.waitForResult(uuid, { signal: AbortSignal.timeout(10_000) })
  return state
}

function jsonLog(component: string, destination: WriteStream): Logger {
  return createLogger({ component, level: 'debug', format: 'json', destination })
}

/** One relay with its lines in both formats: each record is written as JSON and as text. */
function relayLog(json: WriteStream, text: WriteStream): Logger {
  const style = relayText(relayLogText)
  return createLogger({
    component: 'relay',
    level: 'debug',
    format: 'json',
    destination: {
      write: (line) => {
        json.write(line)
        for (const one of style(JSON.parse(line), 'debug')) text.write(`${one}\n`)
      },
    },
  })
}

function secretsOf({ username, password, collectionId }: NewUser): string[] {
  return [
    password,
    collectionId,
    Buffer.from(`${username}:${password}`).toString('base64'),
    collectionId.replaceAll('-', ''),
  ]
}
