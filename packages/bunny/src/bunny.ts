import type { Logger } from '@warren/runtime'
import type { EncodedResult } from '@warren/task-api'
import { systemClock, type Clock } from './clock.ts'
import { Collection } from './collection.ts'
import type { BunnyConfig } from './config.ts'
import { healthMetrics, openHealth } from './health/bunny-health.ts'
import { BunnyEvent } from './log-events.ts'
import type { TaskGate } from './gate/task-gate.ts'
import { openGate } from './gate/open-gate.ts'
import type { State } from './outbox/open-state.ts'
import { openCache, openCollectionState, openLink } from './open-collection.ts'
import type { TaskKind } from './outbox/task-store.ts'
import { RunSlots } from './poll/task-queue.ts'
import type { RelayLink } from './relay-link.ts'
import { relaysOf, usesHttps, type RelayConfig } from './relay-settings.ts'
import type { DistributionCache } from './solve/distribution-cache.ts'
import { solveTask } from './solve/solve-task.ts'
import { isDistribution, siteSettings } from './site-settings.ts'
import { databaseLabel, sourceConfig, withCurrentPassword } from './source-config.ts'
import { borrowed, type CdmSource } from './sources/cdm-source.ts'
import { DatabaseWatch } from './sources/database-watch.ts'
import { ENGINES, openSource } from './sources/engines.ts'
import { WatchedSource } from './sources/watched-source.ts'
import { VERSION } from './version.ts'

export interface BunnyDependencies {
  readonly log: Logger
  /** A database that is already open. The caller closes it. */
  readonly source?: CdmSource
  readonly clock?: Clock
  /** Aborts a start that is waiting for its database. Dispose the handle to stop a bunny that has started. */
  readonly signal?: AbortSignal
  /** Receives the results of a dry run: nothing is sent, recorded or counted. */
  readonly onDryRun?: (result: EncodedResult) => void
  /** Read for proxies and certificate authorities. Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv
}

/** Disposing stops polling, then waits for running tasks and for their results to be submitted, within the configured time. */
export interface BunnyHandle extends AsyncDisposable {
  /** Settles when polling has ended. Rejects if a defect ended it. */
  readonly ended: Promise<void>
}

/** How long submitting the remaining results may take after the running tasks have finished or been stopped. */
export const FINAL_SUBMISSION_MS = 5000

/**
 * Starts a bunny: connects to the database, checks it and polls every configured relay until disposed. Throws `ProgramError` if the
 * database cannot be reached or used, or if a folder is not writable.
 */
export async function startBunny(
  config: BunnyConfig,
  dependencies: BunnyDependencies,
): Promise<BunnyHandle> {
  const { log, clock = systemClock, env = process.env } = dependencies
  const context = { log, clock }
  await using starting = new AsyncDisposableStack()
  log.info({ version: VERSION }, BunnyEvent.starting)
  const relays = relaysOf(config)
  const settings = siteSettings(config)
  if (relays.some(({ baseUrl }) => !usesHttps(baseUrl))) log.warn(BunnyEvent.withoutHttps)

  log.info({ database: databaseLabel(config) }, BunnyEvent.databaseConnecting)
  const { onDryRun } = dependencies
  const isDryRun = onDryRun !== undefined
  const stateConfig = isDryRun ? { ...config, stateMode: 'memory' as const } : config
  const links: OpenLink[] = []
  for (const [index, relay] of relays.entries()) {
    const linkLog = relays.length === 1 ? log : log.child({ link: relay.name })
    const place = { relay, isFirst: index === 0 }
    const state = starting.use(
      await openCollectionState(stateConfig, place, env, { log: linkLog, clock }),
    )
    const link = starting.use(openLink(config, relay, env, linkLog))
    const cache = config.cacheEnabled ? await openCache(config, place, context) : undefined
    links.push({ relay, state, link, cache, log: linkLog })
  }
  const source = starting.use(watchSource(config, dependencies, context))
  const watch = starting.use(new DatabaseWatch(source, log))
  const check = await watch.firstCheck(dependencies.signal)

  const metrics = healthMetrics(config)
  const slots = { availability: new RunSlots(config.concurrency), distribution: new RunSlots(1) }
  const gates = new Map<OpenLink, TaskGate>()
  for (const [index, open] of links.entries()) {
    const { gate } = starting.use(
      await openGate(config, {
        source,
        omop: settings.omop,
        stateFolder: open.state.folder,
        relay: open.relay,
        isFirst: index === 0,
        isDryRun,
        clock,
        log: open.log,
      }),
    )
    gates.set(open, gate)
  }
  const gateOf = (open: OpenLink): TaskGate => {
    const gate = gates.get(open)
    if (gate === undefined) throw new Error('a collection has no gate')
    return gate
  }
  const collections = links.map(
    (open) =>
      new Collection({
        ...open,
        gate: gateOf(open),
        onDryRun,
        config,
        slots,
        clock,
        metrics,
        solve: (body, limits) => {
          const solve = () =>
            solveTask(body, {
              ...limits,
              ...settings,
              source,
              databaseWaitMs: config.databaseWaitMs,
              collectionId: open.relay.collectionId,
              version: VERSION,
              encode: true,
              clock,
              log: open.log,
              ...(open.cache === undefined ? {} : { cache: open.cache }),
            })
          return metrics === undefined ? solve() : metrics.task(kindOf(body), solve)
        },
      }),
  )
  starting.defer(async () => {
    await Promise.all(collections.map((one) => one.finishResults(FINAL_SUBMISSION_MS)))
  })
  starting.defer(async () => {
    await Promise.all(collections.map((one) => one.finishTasks(config.shutdownTimeoutMs)))
  })

  if (metrics !== undefined) {
    starting.use(
      await openHealth(config, metrics, {
        databaseAwaySince: () => source.unavailableSince,
        collections: () => collections.map(({ status }) => status),
        now: () => clock.now(),
      }),
    )
  }

  for (const { relay, state, log: linkLog } of links) {
    linkLog.info(
      {
        version: VERSION,
        relay: relay.baseUrl,
        database: check?.server ?? '',
        ...(state.folder === undefined ? {} : { state: state.folder }),
      },
      BunnyEvent.started,
    )
  }
  const stop = new AbortController()
  const runs = collections.map((one) => one.run(stop.signal))
  const ended = allEnded(runs)
  // The caller may never await `ended`. An unhandled rejection would end the process.
  ended.catch(() => {})
  starting.defer(async () => {
    await Promise.allSettled(runs)
  })
  starting.defer(() => stop.abort(new DOMException('the bunny is stopping', 'AbortError')))

  const running = starting.move()
  return { ended, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

const kindOf = (task: unknown): TaskKind => (isDistribution(task) ? 'distribution' : 'availability')

/** Rejects as soon as one of them does. */
async function allEnded(runs: readonly Promise<void>[]): Promise<void> {
  await Promise.all(runs)
}

/** One collection at one relay before the database is open. */
interface OpenLink {
  readonly relay: RelayConfig
  readonly state: State
  readonly link: RelayLink
  readonly cache: DistributionCache | undefined
  /** Its lines name the relay, if there are several. */
  readonly log: Logger
}

interface Context {
  readonly log: Logger
  readonly clock: Clock
}

/** The database, which is opened when it is first needed, and again after it was away. */
function watchSource(
  config: BunnyConfig,
  { source: given, env = process.env }: BunnyDependencies,
  context: Context,
): WatchedSource {
  // One more connection, for the distribution that runs next to availability tasks.
  const concurrency = config.concurrency + 1
  const target = sourceConfig(config, concurrency)
  return new WatchedSource({
    open: async () =>
      given === undefined
        ? await openSource(sourceConfig(withCurrentPassword(config, env), concurrency))
        : borrowed(given),
    dialect: given?.dialect ?? ENGINES[target.driver].dialect,
    schema: given?.schema ?? target.schema ?? '',
    advice: ENGINES[target.driver].hint,
    check: siteSettings(config).omop,
    ...context,
  })
}
