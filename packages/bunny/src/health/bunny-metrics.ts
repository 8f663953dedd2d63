import { createMetrics, type MetricDefinition, type Metrics } from '@warren/runtime'
import { TaskApiError } from '@warren/task-api'
import type { TaskKind } from '../outbox/task-store.ts'
import type { Submission } from '../outbox/outbox.ts'
import type { Solution } from '../solve/solve-task.ts'
import { VERSION } from '../version.ts'
import type { CollectionStatus } from './collection-status.ts'

const TASK_BUCKETS_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 240, 900, 3600]

/**
 * The metrics of a bunny. Every label has a bounded set of values. No metric depends on a count of patients, a concept or a
 * task.
 */
export class BunnyMetrics {
  readonly #metrics: Metrics
  readonly #polls
  readonly #pollSeconds
  readonly #lastPoll
  readonly #login
  readonly #tasks
  readonly #taskSeconds
  readonly #running
  readonly #waiting
  readonly #held
  readonly #submissions
  readonly #lastSubmission
  readonly #outbox
  readonly #database

  constructor({ process }: { process?: boolean } = {}) {
    const metrics = createMetrics('warren_bunny_', process === undefined ? {} : { process })
    this.#metrics = metrics
    metrics
      .gauge('build_info', 'The version, with the value 1', ['version'])
      .set({ version: VERSION }, 1)
    this.#polls = metrics.counter('polls_total', 'Polls of the relay', ['link', 'outcome'])
    this.#pollSeconds = metrics.histogram(
      'poll_seconds',
      'Duration of a poll, with the time that the relay held it',
      ['link'],
    )
    this.#lastPoll = metrics.gauge(
      'last_successful_poll_seconds',
      'When the relay last answered a poll, seconds since 1970; absent before the first',
      ['link'],
    )
    this.#login = metrics.gauge(
      'login_accepted',
      'Whether the relay accepts the login: 1 it does, 0 it rejects it; absent while that is unknown',
      ['link'],
    )
    this.#tasks = metrics.counter('tasks_total', 'Solved tasks', ['kind', 'outcome'])
    this.#taskSeconds = metrics.histogram(
      'task_seconds',
      'Time to solve a task',
      ['kind'],
      TASK_BUCKETS_S,
    )
    this.#running = metrics.gauge('tasks_running', 'Tasks that are being solved', ['link', 'kind'])
    this.#waiting = metrics.gauge('tasks_waiting', 'Received tasks that wait to be solved', [
      'link',
      'kind',
    ])
    this.#held = metrics.gauge('tasks_held', 'Tasks that wait for approval', ['link'])
    this.#submissions = metrics.counter('submissions_total', 'Attempts to submit a result', [
      'link',
      'outcome',
    ])
    this.#lastSubmission = metrics.gauge(
      'last_accepted_result_seconds',
      'When the relay last accepted a result, seconds since 1970; absent before the first',
      ['link'],
    )
    this.#outbox = metrics.gauge('outbox_results', 'Results that wait to be submitted', ['link'])
    this.#database = metrics.gauge(
      'database_available',
      'Whether the OMOP database worked when it was last needed: 1 it did, 0 it did not',
    )
  }

  get contentType(): string {
    return this.#metrics.contentType
  }

  get definitions(): readonly MetricDefinition[] {
    return this.#metrics.definitions
  }

  /** In the text format of Prometheus. */
  async text(
    collections: readonly CollectionStatus[],
    databaseAwaySince: number | undefined,
  ): Promise<string> {
    for (const { link, login, lastPollAt, tasks, waitingResults } of collections) {
      if (login !== 'unknown') this.#login.set({ link }, login === 'accepted' ? 1 : 0)
      if (lastPollAt !== undefined) this.#lastPoll.set({ link }, lastPollAt / 1000)
      for (const kind of ['availability', 'distribution'] as const) {
        this.#running.set({ link, kind }, tasks[kind].running)
        this.#waiting.set({ link, kind }, tasks[kind].waiting)
      }
      this.#held.set({ link }, tasks.held)
      this.#outbox.set({ link }, waitingResults)
    }
    this.#database.set(databaseAwaySince === undefined ? 1 : 0)
    return await this.#metrics.text()
  }

  async poll<T>(link: string, poll: () => Promise<T | null>): Promise<T | null> {
    const startedAt = performance.now()
    try {
      const next = await poll()
      this.#polls.inc({ link, outcome: next === null ? 'empty' : 'task' })
      return next
    } catch (error: unknown) {
      // A poll that a stop interrupts has no outcome.
      if (error instanceof TaskApiError) this.#polls.inc({ link, outcome: error.kind })
      throw error
    } finally {
      this.#pollSeconds.observe({ link }, (performance.now() - startedAt) / 1000)
    }
  }

  async task(kind: TaskKind, solve: () => Promise<Solution>): Promise<Solution> {
    const startedAt = performance.now()
    try {
      const solution = await solve()
      this.#tasks.inc({ kind, outcome: solution.failure?.kind ?? 'ok' })
      return solution
    } finally {
      this.#taskSeconds.observe({ kind }, (performance.now() - startedAt) / 1000)
    }
  }

  async submission(link: string, submit: () => Promise<Submission>): Promise<Submission> {
    try {
      const submission = await submit()
      this.#submissions.inc({ link, outcome: submission.outcome })
      this.#lastSubmission.set({ link }, Date.now() / 1000)
      return submission
    } catch (error: unknown) {
      if (error instanceof TaskApiError) this.#submissions.inc({ link, outcome: error.kind })
      throw error
    }
  }
}

/** What a bunny serves at `/metrics`, without the metrics of the process. */
export const bunnyMetricDefinitions = (): readonly MetricDefinition[] =>
  new BunnyMetrics({ process: false }).definitions
