import {
  Backoff,
  ExitCode,
  fileErrorReason,
  LinkSummary,
  newUuid,
  ProgramError,
  type Logger,
} from '@warren/runtime'
import { systemClock, type Clock } from './clock.ts'
import type { BunnyConfig } from './config.ts'
import { errorText } from './error-text.ts'
import { BunnyEvent } from './log-events.ts'
import { openState, type State } from './outbox/open-state.ts'
import { Outbox } from './outbox/outbox.ts'
import { defaultStateFolders } from './outbox/state-path.ts'
import { TaskKeeper } from './outbox/task-keeper.ts'
import type { TaskKind } from './outbox/task-store.ts'
import { Poller } from './poll/poller.ts'
import { TaskScheduler } from './poll/task-scheduler.ts'
import { RelayLink } from './relay-link.ts'
import { relaysOf, usesHttps } from './relay-settings.ts'
import { keepCacheFresh } from './solve/cache-refresh.ts'
import { DistributionCache } from './solve/distribution-cache.ts'
import type { SolveContext } from './solve/solve-context.ts'
import { solveTask } from './solve/solve-task.ts'
import { databaseLabel, enabledTables, sourceConfig } from './source-config.ts'
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
 * Starts a bunny: connects to the database, checks it and polls the relay until disposed. Throws `ProgramError` if the
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
  if (!usesHttps(config.taskApiBaseUrl)) log.warn(BunnyEvent.withoutHttps)

  log.info({ database: databaseLabel(config) }, BunnyEvent.databaseConnecting)
  const state = starting.use(await openBunnyState(config, env, context))
  const link = starting.use(openLink(config, env, log))
  const source = starting.use(watchSource(config, dependencies, context))
  const watch = starting.use(new DatabaseWatch(source, log))
  const check = await watch.firstCheck(dependencies.signal)

  const tasks = new TaskKeeper({
    store: state.store,
    survivesCrash: state.folder !== undefined,
    ...context,
  })
  const outbox = openOutbox(config, link, { ...context, tasks })
  starting.defer(() => outbox.close(FINAL_SUBMISSION_MS))

  const cache = config.cacheEnabled ? await openCache(config, context) : undefined
  const solve = (body: unknown, limits: Pick<SolveContext, 'deadline' | 'stop'>) =>
    solveTask(body, {
      ...limits,
      source,
      policy: { threshold: config.threshold, nearest: config.nearest },
      omop: enabledTables(config),
      ages: config.ages,
      statistics: config.statistics,
      databaseWaitMs: config.databaseWaitMs,
      collectionId: config.collectionId,
      version: VERSION,
      encode: true,
      clock,
      log,
      ...(cache === undefined ? {} : { cache }),
    })
  const kinds = kindsOf(config)
  const scheduler = new TaskScheduler({
    solve,
    tasks,
    outbox,
    kinds,
    collectionId: config.collectionId,
    timeoutMs: {
      availability: config.availabilityTimeoutMs,
      distribution: config.distributionTimeoutMs,
    },
    concurrency: config.concurrency,
    backlog: config.backlog,
    clock,
    log,
  })
  starting.defer(() => scheduler.close(config.shutdownTimeoutMs))

  const summary = starting.use(new LinkSummary({ log, link: 'relay' }))
  const poller = new Poller({
    poll: (options) => link.poll(options),
    accept: (body, requestId) => scheduler.accept(body, requestId),
    kinds,
    waitForCapacity: (signal, canSelect) => scheduler.waitForCapacity(signal, canSelect),
    intervalMs: config.pollingIntervalMs,
    waitSeconds: config.pollWaitSeconds,
    backoff: new Backoff({ initialMs: config.initialBackoffMs, maxMs: config.maxBackoffMs }),
    clock,
    log,
    summary,
    url: link.pollUrl,
  })

  log.info(
    {
      version: VERSION,
      relay: config.taskApiBaseUrl,
      database: check?.server ?? '',
      ...(state.folder === undefined ? {} : { state: state.folder }),
    },
    BunnyEvent.started,
  )
  outbox.restore()
  scheduler.restore()
  const stop = new AbortController()
  const ended = poller.run(stop.signal)
  // The caller may never await `ended`. An unhandled rejection would end the process.
  ended.catch(() => {})
  starting.defer(() => ended.catch(() => {}))
  if (cache !== undefined) {
    const refreshing = keepCacheFresh(
      {
        cache,
        solve: (task) => scheduler.enqueueDistribution(task),
        collectionId: config.collectionId,
        onStartup: config.cacheRefreshOnStartup,
        clock,
        log,
      },
      stop.signal,
    )
    refreshing.catch((error: unknown) => {
      // A stop interrupts a refresh, which is not a failure.
      if (!stop.signal.aborted) log.error({ err: error }, BunnyEvent.cacheFailure)
    })
  }
  starting.defer(() => stop.abort(new DOMException('the bunny is stopping', 'AbortError')))

  const running = starting.move()
  return { ended, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

function openLink(config: BunnyConfig, env: NodeJS.ProcessEnv, log: Logger): RelayLink {
  try {
    return new RelayLink({
      baseUrl: config.taskApiBaseUrl,
      username: config.taskApiUsername,
      password: config.taskApiPassword,
      collection: config.collectionId,
      type: config.taskApiType,
      version: VERSION,
      // A random ID distinguishes processes without naming a machine of the site.
      workerId: config.workerId ?? newUuid(),
      requestTimeoutMs: config.requestTimeoutMs,
      env,
      tls: relaysOf(config)[0]?.tls ?? {},
      log,
    })
  } catch (error: unknown) {
    // For example, NODE_EXTRA_CA_CERTS names a file that cannot be read.
    throw new ProgramError(errorText(error), { exitCode: ExitCode.config, cause: error })
  }
}

interface Context {
  readonly log: Logger
  readonly clock: Clock
}

/** The database, which is opened when it is first needed, and again after it was away. */
function watchSource(
  config: BunnyConfig,
  { source: given }: BunnyDependencies,
  context: Context,
): WatchedSource {
  // One more connection, for the distribution that runs next to availability tasks.
  const target = sourceConfig(config, config.concurrency + 1)
  return new WatchedSource({
    open: () => (given === undefined ? openSource(target) : Promise.resolve(borrowed(given))),
    dialect: given?.dialect ?? ENGINES[target.driver].dialect,
    schema: given?.schema ?? target.schema ?? '',
    advice: ENGINES[target.driver].hint,
    check: enabledTables(config),
    ...context,
  })
}

function kindsOf({ taskApiType }: BunnyConfig): readonly TaskKind[] {
  if (taskApiType === 'a') return ['availability']
  return taskApiType === 'b' ? ['distribution'] : ['availability', 'distribution']
}

function openBunnyState(
  config: BunnyConfig,
  env: NodeJS.ProcessEnv,
  { log, clock }: Context,
): Promise<State> {
  const { taskApiBaseUrl: relay, collectionId, taskApiType: type } = config
  return openState({
    mode: config.stateMode,
    folder: config.stateDir,
    defaultFolders: defaultStateFolders(env, { relay, collectionId, type }),
    validFor: JSON.stringify(resultsDependOn(config)),
    maxBytes: config.stateMaxMegabytes * 1_000_000,
    now: clock.now(),
    log,
  })
}

/** Results are not used after one of these has changed. */
const resultsDependOn = (config: BunnyConfig) => ({
  threshold: config.threshold,
  nearest: config.nearest,
  ages: config.ages,
  statistics: config.statistics,
  tables: Object.entries(enabledTables(config))
    .flatMap(([table, isEnabled]) => (isEnabled ? [table] : []))
    .join(),
  database: databaseLabel(config),
})

function openOutbox(
  config: BunnyConfig,
  link: RelayLink,
  { log, clock, tasks }: Context & { tasks: TaskKeeper },
): Outbox {
  return new Outbox({
    submit: (result, signal) => link.submit(result, signal),
    resultUrl: (taskId) => link.resultUrl(taskId),
    tasks,
    clock,
    log,
    initialBackoffMs: config.initialBackoffMs,
    maxBackoffMs: config.maxBackoffMs,
    retryForMs: config.resultRetryMs,
  })
}

function openCache(config: BunnyConfig, { log, clock }: Context): Promise<DistributionCache> {
  return openFolder('CACHE_DIR', () =>
    DistributionCache.open({
      folder: config.cacheDir,
      ttlMs: config.cacheTtlHours * 3_600_000,
      validFor: resultsDependOn(config),
      clock,
      log,
    }),
  )
}

/** Checks a folder at start, so that a wrong path is found before there is a result to write. */
async function openFolder<T>(variable: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error: unknown) {
    if (error instanceof ProgramError) throw error
    throw new ProgramError(
      `${variable}: cannot use the folder: ${fileErrorReason(error, 'write')}`,
      {
        exitCode: ExitCode.config,
        hint: `Create the folder in ${variable} and make it writable for the user that runs the bunny.`,
        cause: error,
      },
    )
  }
}
