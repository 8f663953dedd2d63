import { ExitCode, LinkSummary, type Logger, ProgramError } from '@warren/runtime'
import { TaskApiClient, type TaskApiClientOptions } from '@warren/task-api'
import type { UpstreamConfig } from '../config/upstream-settings.ts'
import type { RelayMetrics } from '../observe/relay-metrics.ts'
import type { RelayStore } from '../store/relay-store.ts'
import type { TaskDesk } from '../tasks/task-desk.ts'
import { Deliverer } from './deliverer.ts'
import type { DeliveryPolicy } from './delivery-policy.ts'
import { Leader } from './leader.ts'
import { UpstreamPoller } from './upstream-poller.ts'

export interface UpstreamLinkOptions {
  readonly config: UpstreamConfig
  readonly store: RelayStore
  readonly desk: Pick<TaskDesk, 'intake'>
  readonly policy: DeliveryPolicy
  readonly metrics: RelayMetrics
  readonly userAgent: string
  readonly workerId: string
  readonly log: Logger
}

/** Everything between this hub and one upstream: a poll loop per queue, for the leader, and the deliveries. */
export class UpstreamLink implements AsyncDisposable {
  readonly name: string
  readonly #deliverer: Deliverer
  readonly #stopPolling = new AbortController()
  readonly #stopDelivering = new AbortController()
  readonly #polling: Promise<void>
  readonly #delivering: Promise<void>
  readonly #client: TaskApiClient

  constructor(options: UpstreamLinkOptions) {
    const { config, store, desk, policy, metrics, userAgent, workerId, log } = options
    const { name, baseUrl, username, password, collectionId: collection } = config
    this.name = name
    const client = openClient({
      baseUrl,
      username,
      password,
      collection,
      userAgent,
      workerId,
    })
    this.#client = client
    this.#deliverer = new Deliverer({
      upstream: name,
      client,
      store: store.tasks,
      policy,
      log,
      onDelivery: (outcome, durationMs) => metrics.delivered(name, outcome, durationMs),
    })
    this.#delivering = this.#deliverer.run(this.#stopDelivering.signal)
    this.#polling = this.#poll({ config, store, desk, metrics, log })
  }

  /** An answer may be waiting. */
  wake(): void {
    this.#deliverer.wake()
  }

  /** Takes no more tasks and lets another relay lead. Answers are still delivered. */
  async stopPolling(): Promise<void> {
    this.#stopPolling.abort()
    await this.#polling
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopPolling()
    this.#stopDelivering.abort()
    await this.#delivering
    await this.#client[Symbol.asyncDispose]()
  }

  async #poll(
    deps: Pick<UpstreamLinkOptions, 'config' | 'store' | 'desk' | 'metrics' | 'log'>,
  ): Promise<void> {
    const { config, store, desk, metrics, log } = deps
    const { name, pollIntervalMs: intervalMs, waitSeconds } = config
    const { signal } = this.#stopPolling
    await using leader = new Leader({
      leadership: store.leadership(`poll ${name}`),
      name,
      log,
    })
    await Promise.all(
      config.queueTypes.map(async (type) => {
        using summary = new LinkSummary({ log, link: `${name} ${type ?? 'unified'}` })
        const poller = new UpstreamPoller({
          upstream: name,
          client: this.#client,
          type,
          desk,
          leader,
          intervalMs,
          waitSeconds,
          summary,
          log,
          onPoll: (poll) => metrics.upstreamPolled(name, poll.type, poll.outcome),
        })
        await poller.run(signal)
      }),
    )
  }
}

function openClient(options: TaskApiClientOptions): TaskApiClient {
  try {
    return new TaskApiClient(options)
  } catch (error: unknown) {
    // The proxy or a file of certificates that the environment names cannot be used.
    const reason = error instanceof Error ? error.message : String(error)
    throw new ProgramError(reason, { exitCode: ExitCode.config, cause: error })
  }
}
