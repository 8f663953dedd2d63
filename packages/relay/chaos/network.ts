import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  FaultProxy,
  freePort,
  startPrivateRabbit,
  until,
  type PrivateRabbit,
} from '@warren/testkit'
import { prepareBunny, type BunnyTruth } from './bunny-truth.ts'
import { ChildProgram } from './child-program.ts'
import { type ChaosDatabase, openSqliteDatabase, startPostgresDatabase } from './database.ts'
import type { RunHistory } from './history.ts'
import { MANNERS, type Manner } from './plan.ts'
import { hashOf, Random } from './random.ts'
import { recordRelayLine } from './relay-log.ts'
import { type NodeLogin, ScriptedNode } from './scripted-node.ts'
import type { SmallDisk } from './small-disk.ts'
import { resultOf, trueAnswer, type Truth } from './truth.ts'
import { startUpstreams, type UpstreamSide } from './upstream-sides.ts'

export interface NetworkOptions {
  readonly seed: number
  readonly store: 'postgres' | 'sqlite'
  readonly queue: 'database' | 'rabbitmq'
  readonly relays: readonly string[]
  /** All nodes; those in `bunnies` are real bunnies. */
  readonly nodes: readonly string[]
  readonly bunnies: readonly string[]
  /** How long the relays collect results, ms. */
  readonly deadlineMs: Readonly<Record<'availability' | 'distribution', number>>
  /** For databases and other data. Removed by the caller. */
  readonly folder: string
  readonly logFolder: string
  readonly disk: SmallDisk | undefined
  readonly history: RunHistory
  /** Something went wrong that is not about one task. */
  readonly onIncident: (text: string) => void
}

/** A whole network: relays and bunnies as processes, the rest in this process, and a proxy on every connection. */
export interface ChaosNetwork extends AsyncDisposable {
  readonly relays: ReadonlyMap<string, ChildProgram>
  readonly bunnies: ReadonlyMap<string, ChildProgram>
  readonly database: ChaosDatabase
  readonly broker: PrivateRabbit | undefined
  readonly brokerLinks: ReadonlyMap<string, FaultProxy>
  readonly upstreams: Readonly<Record<Manner, UpstreamSide>>
  /** The connections of a node to the relays. */
  readonly nodeLinks: ReadonlyMap<string, readonly FaultProxy[]>
  truthOf(
    node: string,
    question: { kind: 'availability' | 'generic' | 'demographics'; number: number },
  ): Truth
}

const RELAY_MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const CLOCK_SHIFT = new URL('clock-shift.ts', import.meta.url).href
const START_MS = 300_000
/** After this time, relays do not wait for a node. */
export const SILENT_AFTER_MS = 120_000

export async function startChaosNetwork(options: NetworkOptions): Promise<ChaosNetwork> {
  const { relays: relayNames, nodes, bunnies: bunnyNames, folder, seed, history } = options
  await using starting = new AsyncDisposableStack()
  // A PostgreSQL that runs as another user must be able to enter it.
  await chmod(folder, 0o711)
  await mkdir(options.logFolder, { recursive: true })
  const own = async <T extends AsyncDisposable>(start: Promise<T>) => starting.use(await start)
  const starts = [
    own(startDatabase(options)),
    options.queue === 'rabbitmq' ? own(startPrivateRabbit()) : Promise.resolve(undefined),
    startUpstreams(options.relays, history, starting),
    prepareBunnies(options),
  ] as const
  // Each is released even if another one fails, so all of them must have ended.
  await Promise.allSettled(starts)
  const [database, broker, upstreams, bunnyTruths] = await Promise.all(starts)
  const brokerLinks = new Map<string, FaultProxy>()
  if (broker !== undefined) {
    for (const name of relayNames) {
      brokerLinks.set(name, starting.use(await FaultProxy.start(broker.url)))
    }
  }

  const logins = new Map(nodes.map((name) => [name, loginOf(seed, name)]))
  const relays = new Map<string, ChildProgram>()
  const relayUrls: string[] = []
  for (const name of relayNames) {
    const port = await freePort()
    relayUrls.push(`http://127.0.0.1:${port}`)
    const brokerUrl = broker === undefined ? undefined : brokerLinks.get(name)?.url(broker.url)
    const relay = new ChildProgram({
      name,
      args: ['--import', CLOCK_SHIFT, RELAY_MAIN, 'serve'],
      channel: true,
      logFile: join(options.logFolder, `${name}.log`),
      env: {
        ...relayEnvironment(options, upstreams, name),
        ...nodeEnvironment(logins),
        RELAY_PORT: String(port),
        RELAY_STORE: database.storeUrl(name),
        RELAY_QUEUE: brokerUrl ?? 'database',
        // With SQLite, the default is the disk of the database, which fills up.
        ...(options.store === 'sqlite' ? {} : { RELAY_SPOOL_DIR: join(folder, `${name}-spool`) }),
      },
      onLine: (line) => recordRelayLine(line, name, history),
      onCrash: (crashed, how) => options.onIncident(`${crashed} ended by itself: ${how}`),
    })
    relays.set(name, starting.use(relay))
    relay.start()
  }
  await Promise.all(relayUrls.map((url) => untilHealthy(url)))

  const nodeLinks = new Map<string, readonly FaultProxy[]>()
  const bunnies = new Map<string, ChildProgram>()
  const scripted: ScriptedNode[] = []
  for (const [index, [name, login]] of [...logins].entries()) {
    const links = await Promise.all(relayUrls.map((url) => FaultProxy.start(url)))
    for (const link of links) starting.use(link)
    nodeLinks.set(name, links)
    const urls = links.map((link, relay) => link.url(relayUrls[relay] ?? '').replace(/\/$/, ''))
    if (bunnyNames.includes(name)) {
      const url = urls[index % urls.length] ?? ''
      const bunny = starting.use(bunnyProgram(options, name, login, url))
      bunnies.set(name, bunny)
      bunny.start()
    } else {
      scripted.push(starting.use(scriptedNode(options, { name, index, login, urls })))
    }
  }
  await untilBusy(upstreams, scripted)
  const network = starting.move()
  return {
    relays,
    bunnies,
    database,
    broker,
    brokerLinks,
    upstreams,
    nodeLinks,
    truthOf: (node, question) => {
      const bunny = bunnyTruths.get(node)
      if (bunny !== undefined) return bunny(question.kind, question.number)
      return trueAnswer(seed, nodes.indexOf(node), question)
    },
    [Symbol.asyncDispose]: () => network.disposeAsync(),
  }
}

async function startDatabase(options: NetworkOptions): Promise<ChaosDatabase> {
  const { store, folder, disk, relays } = options
  return store === 'postgres'
    ? startPostgresDatabase(relays, disk)
    : openSqliteDatabase(folder, disk)
}

async function prepareBunnies({ bunnies, folder, seed }: NetworkOptions) {
  const truths = new Map<string, BunnyTruth>()
  for (const [index, name] of bunnies.entries()) {
    truths.set(name, await prepareBunny(join(folder, `${name}.duckdb`), hashOf(seed, index)))
  }
  return truths
}

function relayEnvironment(
  { deadlineMs }: NetworkOptions,
  upstreams: Readonly<Record<Manner, UpstreamSide>>,
  relay: string,
): NodeJS.ProcessEnv {
  const upstreamVariables = MANNERS.flatMap((manner, index) => {
    const prefix = index === 0 ? 'RELAY_UPSTREAM' : 'RELAY_UPSTREAM_2'
    const { gateway, login, links } = upstreams[manner]
    return [
      [`${prefix}_NAME`, manner],
      [`${prefix}_BASE_URL`, `${links.get(relay)?.url(gateway.url) ?? ''}link_connector_api`],
      [`${prefix}_COLLECTION_ID`, login.collectionId],
      [`${prefix}_USERNAME`, login.username],
      [`${prefix}_PASSWORD`, login.password],
      [`${prefix}_POLL_INTERVAL`, '200ms'],
      [`${prefix}_WAIT`, '3s'],
    ]
  })
  return {
    PATH: process.env['PATH'],
    ...Object.fromEntries(upstreamVariables),
    RELAY_HOST: '127.0.0.1',
    RELAY_WORKER_ID: relay,
    // Exact figures show more than rounded ones.
    RELAY_SUPPRESSION_THRESHOLD: '0',
    RELAY_ROUNDING_TARGET: '0',
    RELAY_AVAILABILITY_DEADLINE: `${deadlineMs.availability}ms`,
    RELAY_DISTRIBUTION_DEADLINE: `${deadlineMs.distribution}ms`,
    RELAY_AVAILABILITY_LEASE: '5s',
    RELAY_DISTRIBUTION_LEASE: '5s',
    RELAY_MAX_ATTEMPTS: '100',
    RELAY_SILENT_NODE_AFTER: `${SILENT_AFTER_MS}ms`,
    // A relay that waits for its database is not a crash.
    RELAY_STARTUP_TIMEOUT: '10m',
  }
}

function nodeEnvironment(logins: ReadonlyMap<string, NodeLogin>): NodeJS.ProcessEnv {
  const variables = [...logins.values()].flatMap(({ username, password, collectionId }) => [
    [`DownstreamUsers__${username}__Password`, password],
    [`DownstreamUsers__${username}__SubNode`, collectionId],
  ])
  return Object.fromEntries(variables)
}

function loginOf(seed: number, name: string): NodeLogin {
  const random = new Random(hashOf(seed, ...name.split('').map((letter) => letter.charCodeAt(0))))
  return { username: name, password: random.uuid(), collectionId: random.uuid() }
}

function scriptedNode(
  { history, seed, onIncident }: NetworkOptions,
  node: { name: string; index: number; login: NodeLogin; urls: readonly string[] },
): ScriptedNode {
  const { name, index, login, urls } = node
  return new ScriptedNode({
    login,
    urls,
    random: new Random(hashOf(seed, index)),
    answer: (task) => {
      const kind = history.findByNumber(task.priority)?.task.kind ?? 'availability'
      return resultOf(task, kind, trueAnswer(seed, index, { kind, number: task.priority }))
    },
    onAnswered: () => history.contacts.record(name, history.now),
    onConfirmed: ({ priority }) =>
      history.findByNumber(priority)?.confirmed.push({ atMs: history.now, node: name }),
    onRejected: ({ uuid }, status) => {
      if (status !== 409) onIncident(`a relay answered ${status} to the result ${uuid} of ${name}`)
    },
  })
}

/** Lines that a bunny logs after a relay answered it. */
const ANSWERED = /"msg":"(?:no task|task received|result submitted)"/

function bunnyProgram(
  { folder, logFolder, history, onIncident }: NetworkOptions,
  name: string,
  login: NodeLogin,
  url: string,
): ChildProgram {
  const main = fileURLToPath(new URL('main.ts', import.meta.resolve('@warren/bunny')))
  return new ChildProgram({
    name,
    args: [main, 'daemon'],
    channel: false,
    logFile: join(logFolder, `${name}.log`),
    env: {
      PATH: process.env['PATH'],
      TASK_API_BASE_URL: url,
      TASK_API_ENFORCE_HTTPS: 'false',
      TASK_API_USERNAME: login.username,
      TASK_API_PASSWORD: login.password,
      COLLECTION_ID: login.collectionId,
      TASK_API_TIMEOUT: '8s',
      DATASOURCE_DB_DRIVERNAME: 'duckdb',
      DATASOURCE_DUCKDB_PATH_TO_DB: join(folder, `${name}.duckdb`),
      LOW_NUMBER_SUPPRESSION_THRESHOLD: '0',
      ROUNDING_TARGET: '0',
      POLLING_INTERVAL: '1s',
      POLL_WAIT_SECONDS: '2',
      INITIAL_BACKOFF: '300ms',
      MAX_BACKOFF: '2s',
      BUNNY_STATE_DIR: join(folder, `${name}-state`),
      // At this level, it logs each poll that was answered.
      LOG_LEVEL: 'debug',
    },
    onLine: (line) => {
      if (ANSWERED.test(line)) history.contacts.record(name, history.now)
    },
    onCrash: (crashed, how) => onIncident(`${crashed} ended by itself: ${how}`),
  })
}

async function untilHealthy(url: string): Promise<void> {
  await until(async () => (await fetch(`${url}/readyz`)).ok, {
    timeoutMs: START_MS,
    everyMs: 100,
    what: `the relay at ${url}`,
  })
}

async function untilBusy(
  upstreams: Readonly<Record<Manner, UpstreamSide>>,
  nodes: readonly ScriptedNode[],
): Promise<void> {
  await until(
    () =>
      MANNERS.every((manner) => upstreams[manner].gateway.polls > 0) &&
      nodes.every(({ answeredPolls }) => answeredPolls > 0),
    { timeoutMs: START_MS, everyMs: 50, what: 'the first polls' },
  )
}
