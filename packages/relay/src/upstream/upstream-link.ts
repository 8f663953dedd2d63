import { ExitCode, LinkSummary, type Logger, ProgramError } from '@warren/runtime'
import { TaskApiClient, type TaskApiClientOptions } from '@warren/task-api'
import { logAddress } from './address-log.ts'
import type { UpstreamConfig } from '../config/upstream-settings.ts'
import type { RelayMetrics } from '../observe/relay-metrics.ts'
import type { RelayStore } from '../store/relay-store.ts'
import { ResultSubmitter } from './result-submitter.ts'
import type { SubmissionPolicy } from './submission-policy.ts'
import { LeaderElection } from './leader-election.ts'
import type { TaskIntake } from './task-intake.ts'
import { UpstreamPoller } from './upstream-poller.ts'

export interface UpstreamLinkOptions {
  readonly config: UpstreamConfig
  readonly store: RelayStore
  readonly intake: Pick<TaskIntake, 'receive'>
  readonly policy: SubmissionPolicy
  readonly metrics: RelayMetrics
  readonly userAgent: string
  readonly workerId: string
  readonly log: Logger
}

/** The connection to one upstream: polls it while this relay is the leader, and submits results. */
export class UpstreamLink implements AsyncDisposable {
  readonly name: string
  readonly #submitter: ResultSubmitter
  readonly #stopPolling = new AbortController()
  readonly #stopSubmitting = new AbortController()
  readonly #polling: Promise<void>
  readonly #submitting: Promise<void>
  readonly #client: TaskApiClient

  constructor(options: UpstreamLinkOptions) {
    const { config, store, intake, policy, metrics, userAgent, workerId, log } = options
    const { name, baseUrl, username, password, collectionId: collection } = config
    this.name = name
    const client = openClient({
      baseUrl,
      username,
      password,
      collection,
      userAgent,
      workerId,
      ...(config.tls === undefined ? {} : { tls: config.tls }),
      onAddress: (report) => {
        logAddress(log, name, report)
        if ('failure' in report) metrics.setUpstreamAddress(name, report)
      },
      onCertificateProblem: ({ message: detail }) =>
        log.error({ upstream: name, detail }, 'certificates not replaced'),
    })
    this.#client = client
    this.#submitter = new ResultSubmitter({
      upstream: name,
      client,
      store: store.tasks,
      policy,
      log,
      onAttempt: (outcome, durationMs) => metrics.countSubmission(name, outcome, durationMs),
    })
    this.#submitting = this.#submitter.run(this.#stopSubmitting.signal)
    this.#polling = this.#poll({ config, store, intake, metrics, log })
  }

  /** A combined result may be ready to be submitted. */
  wake(): void {
    this.#submitter.wake()
  }

  /** Stops polling and lets another relay become the leader. Results are still submitted. */
  async stopPolling(): Promise<void> {
    this.#stopPolling.abort()
    await this.#polling
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopPolling()
    this.#stopSubmitting.abort()
    await this.#submitting
    await this.#client[Symbol.asyncDispose]()
  }

  async #poll(
    deps: Pick<UpstreamLinkOptions, 'config' | 'store' | 'intake' | 'metrics' | 'log'>,
  ): Promise<void> {
    const { config, store, intake, metrics, log } = deps
    const { name, pollIntervalMs: intervalMs, waitSeconds } = config
    const { signal } = this.#stopPolling
    metrics.setLeader(name, false)
    await using election = new LeaderElection({
      leadership: store.leadership(`poll ${name}`),
      name,
      log,
      signal,
      onChange: (isLeader) => metrics.setLeader(name, isLeader),
    })
    await Promise.all(
      config.queueTypes.map(async (type) => {
        using summary = new LinkSummary({ log, link: `${name} ${type ?? 'unified'}` })
        const poller = new UpstreamPoller({
          upstream: name,
          client: this.#client,
          type,
          intake,
          election,
          intervalMs,
          waitSeconds,
          summary,
          log,
          onPoll: (poll) => metrics.countUpstreamPoll(name, poll.type, poll.outcome),
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
    // A proxy or certificate file named in the environment is not usable.
    const reason = error instanceof Error ? error.message : String(error)
    throw new ProgramError(reason, { exitCode: ExitCode.config, cause: error })
  }
}
