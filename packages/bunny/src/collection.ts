import { Backoff, LinkSummary, type Logger } from '@warren/runtime'
import { TaskApiError, type EncodedResult } from '@warren/task-api'
import type { Clock } from './clock.ts'
import type { BunnyMetrics } from './health/bunny-metrics.ts'
import type { CollectionStatus } from './health/collection-status.ts'
import type { BunnyConfig } from './config.ts'
import { BunnyEvent } from './log-events.ts'
import type { TaskGate } from './gate/task-gate.ts'
import { dryRunOutbox } from './outbox/dry-run-outbox.ts'
import type { State } from './outbox/open-state.ts'
import { Outbox } from './outbox/outbox.ts'
import { TaskKeeper } from './outbox/task-keeper.ts'
import type { TaskKind } from './outbox/task-store.ts'
import { Poller } from './poll/poller.ts'
import type { RunSlots } from './poll/task-queue.ts'
import { TaskScheduler, type TaskSchedulerOptions } from './poll/task-scheduler.ts'
import type { RelayLink } from './relay-link.ts'
import type { RelayConfig } from './relay-settings.ts'
import { keepCacheFresh } from './solve/cache-refresh.ts'
import type { DistributionCache } from './solve/distribution-cache.ts'

export interface CollectionOptions {
  readonly config: BunnyConfig
  readonly relay: RelayConfig
  readonly link: RelayLink
  readonly state: State
  readonly cache: DistributionCache | undefined
  readonly solve: TaskSchedulerOptions['solve']
  readonly gate: TaskGate
  /** Receives each result of a dry run, instead of the relay. */
  readonly onDryRun: ((result: EncodedResult) => void) | undefined
  /** Shared by all collections, as they share the database. */
  readonly slots: Readonly<Record<TaskKind, RunSlots>>
  readonly clock: Clock
  /** Counts polls and submissions, if the health of the bunny is served. */
  readonly metrics: BunnyMetrics | undefined
  readonly log: Logger
}

/**
 * One collection at one relay, which is polled and answered independently of the others: with its own credentials, tasks,
 * results and backoff.
 */
export class Collection {
  readonly #options: CollectionOptions
  readonly #outbox: Outbox
  readonly #scheduler: TaskScheduler
  readonly #kinds: readonly TaskKind[]
  #login: CollectionStatus['login'] = 'unknown'
  #lastPollAt: number | undefined

  constructor(options: CollectionOptions) {
    const { config, relay, link, state, solve, gate, onDryRun, slots, clock, log, metrics } =
      options
    this.#options = options
    const tasks = new TaskKeeper({
      store: state.store,
      survivesCrash: state.folder !== undefined,
      clock,
      log,
    })
    this.#outbox = new Outbox({
      submit: (result, signal) => {
        const submit = () => link.submit(result, signal)
        return metrics === undefined ? submit() : metrics.submission(relay.name, submit)
      },
      resultUrl: (taskId) => link.resultUrl(taskId),
      tasks,
      clock,
      log,
      initialBackoffMs: config.initialBackoffMs,
      maxBackoffMs: config.maxBackoffMs,
      retryForMs: config.resultRetryMs,
    })
    this.#kinds = kindsOf(relay)
    this.#scheduler = new TaskScheduler({
      solve,
      tasks,
      gate,
      outbox: onDryRun === undefined ? this.#outbox : dryRunOutbox(onDryRun, log),
      kinds: this.#kinds,
      collectionId: relay.collectionId,
      timeoutMs: {
        availability: config.availabilityTimeoutMs,
        distribution: config.distributionTimeoutMs,
      },
      slots,
      backlog: config.backlog,
      clock,
      log,
    })
  }

  /** For `/readyz` and the metrics. */
  get status(): CollectionStatus {
    return {
      link: this.#options.relay.name,
      login: this.#login,
      lastPollAt: this.#lastPollAt,
      tasks: this.#scheduler.counts,
      waitingResults: this.#outbox.size,
    }
  }

  /** Continues what an earlier process left, and polls until `signal` aborts. Rejects on a defect only. */
  async run(signal: AbortSignal): Promise<void> {
    const { config, relay, link, clock, log, metrics } = this.#options
    this.#outbox.restore()
    this.#scheduler.restore()
    this.#refreshCache(signal)
    using summary = new LinkSummary({ log, link: relay.name })
    const poller = new Poller({
      poll: (options) => {
        const poll = () => this.#noted(link.poll(options))
        return metrics === undefined ? poll() : metrics.poll(relay.name, poll)
      },
      accept: (body, requestId) => this.#scheduler.accept(body, requestId),
      kinds: this.#kinds,
      waitForCapacity: (stop, canSelect) => this.#scheduler.waitForCapacity(stop, canSelect),
      intervalMs: config.pollingIntervalMs,
      waitSeconds: config.pollWaitSeconds,
      backoff: new Backoff({ initialMs: config.initialBackoffMs, maxMs: config.maxBackoffMs }),
      clock,
      log,
      summary,
      url: link.pollUrl,
    })
    await poller.run(signal)
  }

  async #noted<T>(poll: Promise<T>): Promise<T> {
    try {
      const next = await poll
      this.#login = 'accepted'
      this.#lastPollAt = this.#options.clock.now()
      return next
    } catch (error: unknown) {
      if (error instanceof TaskApiError && error.kind === 'authentication') this.#login = 'rejected'
      throw error
    }
  }

  /** Waits for running and waiting tasks, then stops the rest. */
  finishTasks(withinMs: number): Promise<void> {
    return this.#scheduler.close(withinMs)
  }

  /** Submits the results that wait, once more. */
  finishResults(withinMs: number): Promise<void> {
    return this.#outbox.close(withinMs)
  }

  #refreshCache(signal: AbortSignal): void {
    const { cache, config, relay, gate, clock, log } = this.#options
    if (cache === undefined) return
    const refreshing = keepCacheFresh(
      {
        cache,
        solve: (task) => this.#scheduler.enqueueDistribution(task),
        collectionId: relay.collectionId,
        denied: () => gate.denied(),
        onStartup: config.cacheRefreshOnStartup,
        clock,
        log,
      },
      signal,
    )
    refreshing.catch((error: unknown) => {
      // A stop interrupts a refresh, which is not a failure.
      if (!signal.aborted) log.error({ err: error }, BunnyEvent.cacheFailure)
    })
  }
}

function kindsOf({ type }: RelayConfig): readonly TaskKind[] {
  if (type === 'a') return ['availability']
  return type === 'b' ? ['distribution'] : ['availability', 'distribution']
}
