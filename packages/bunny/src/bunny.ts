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
import { usesHttps, type BunnyConfig } from './config.ts'
import { errorText } from './error-text.ts'
import { BunnyEvent } from './log-events.ts'
import { OutboxFolder } from './outbox/outbox-folder.ts'
import { Outbox } from './outbox/outbox.ts'
import { Poller } from './poll/poller.ts'
import { TaskScheduler } from './poll/task-scheduler.ts'
import { RelayLink } from './relay-link.ts'
import { keepCacheFresh } from './solve/cache-refresh.ts'
import { DistributionCache } from './solve/distribution-cache.ts'
import { checkDatabase, openDatabase } from './solve/open-database.ts'
import type { SolveContext } from './solve/solve-context.ts'
import { solveTask } from './solve/solve-task.ts'
import { databaseLabel, sourceConfig } from './source-config.ts'
import type { CdmSource } from './sources/cdm-source.ts'
import { openSource } from './sources/engines.ts'
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
  const source =
    dependencies.source ??
    starting.use(await openConfiguredSource(config, dependencies.signal, context))
  const omop = { specimen: config.specimenEnabled, location: config.locationEnabled }
  const { signal } = dependencies
  const check = await checkDatabase(
    source,
    { ...omop, ...(signal === undefined ? {} : { signal }) },
    log,
  )

  const link = starting.use(openLink(config, env, log))
  const folder = starting.use(await openOutboxFolder(config))
  const outbox = openOutbox(config, link, { ...context, folder })
  starting.defer(() => outbox.close(FINAL_SUBMISSION_MS))

  const cache = config.cacheEnabled ? await openCache(config, context) : undefined
  const solve = (body: unknown, limits: Pick<SolveContext, 'deadline' | 'stop'>) =>
    solveTask(body, {
      ...limits,
      source,
      policy: { threshold: config.threshold, nearest: config.nearest },
      omop,
      collectionId: config.collectionId,
      version: VERSION,
      encode: true,
      clock,
      log,
      ...(cache === undefined ? {} : { cache }),
    })
  const scheduler = new TaskScheduler({
    solve,
    outbox,
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
    waitForCapacity: (signal) => scheduler.waitForCapacity(signal),
    intervalMs: config.pollingIntervalMs,
    waitSeconds: config.pollWaitSeconds,
    backoff: new Backoff({ initialMs: config.initialBackoffMs, maxMs: config.maxBackoffMs }),
    clock,
    log,
    summary,
    url: link.pollUrl,
  })

  log.info(
    { version: VERSION, relay: config.taskApiBaseUrl, database: check.server },
    BunnyEvent.started,
  )
  await outbox.restore()
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

function openConfiguredSource(
  config: BunnyConfig,
  signal: AbortSignal | undefined,
  context: Context,
): Promise<CdmSource> {
  // One more connection, for the distribution that runs next to availability tasks.
  const target = sourceConfig(config, config.concurrency + 1)
  return openDatabase({
    open: () => openSource(target),
    driver: target.driver,
    waitMs: config.databaseWaitMs,
    ...(signal === undefined ? {} : { signal }),
    ...context,
  })
}

async function openOutboxFolder(config: BunnyConfig): Promise<OutboxFolder | undefined> {
  const { outboxDir, outboxMaxMegabytes } = config
  if (outboxDir === undefined) return undefined
  return await openFolder('BUNNY_OUTBOX_DIR', () =>
    OutboxFolder.open(outboxDir, { maxBytes: outboxMaxMegabytes * 1_000_000 }),
  )
}

function openOutbox(
  config: BunnyConfig,
  link: RelayLink,
  { log, clock, folder }: Context & { folder: OutboxFolder | undefined },
): Outbox {
  return new Outbox({
    submit: (result, signal) => link.submit(result, signal),
    resultUrl: (taskId) => link.resultUrl(taskId),
    ...(folder === undefined ? {} : { folder }),
    clock,
    log,
    initialBackoffMs: config.initialBackoffMs,
    maxBackoffMs: config.maxBackoffMs,
    retryForMs: config.resultRetryMs,
  })
}

function openCache(config: BunnyConfig, { log, clock }: Context): Promise<DistributionCache> {
  const { threshold, nearest, specimenEnabled } = config
  return openFolder('CACHE_DIR', () =>
    DistributionCache.open({
      folder: config.cacheDir,
      ttlMs: config.cacheTtlHours * 3_600_000,
      validFor: { threshold, nearest, specimenEnabled, database: databaseLabel(config) },
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
