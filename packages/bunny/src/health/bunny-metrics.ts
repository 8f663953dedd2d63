import { createMetrics, type Metrics } from '@warren/runtime'
import { TaskApiError } from '@warren/task-api'
import type { TaskKind } from '../outbox/task-store.ts'
import type { Submission } from '../outbox/outbox.ts'
import type { Solution } from '../solve/solve-task.ts'
import { VERSION } from '../version.ts'

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
  readonly #tasks
  readonly #taskSeconds
  readonly #running
  readonly #submissions
  readonly #lastSubmission
  readonly #outbox
  #lastPollAt: number | undefined

  constructor() {
    const metrics = createMetrics('warren_bunny_')
    this.#metrics = metrics
    metrics
      .gauge('build_info', 'The version, with the value 1', ['version'])
      .set({ version: VERSION }, 1)
    this.#polls = metrics.counter('polls_total', 'Polls of the relay', ['outcome'])
    this.#pollSeconds = metrics.histogram(
      'poll_seconds',
      'Duration of a poll, with the time that the relay held it',
    )
    this.#lastPoll = metrics.gauge(
      'last_successful_poll_seconds',
      'When the relay last answered a poll, seconds since 1970',
    )
    this.#tasks = metrics.counter('tasks_total', 'Solved tasks', ['kind', 'outcome'])
    this.#taskSeconds = metrics.histogram(
      'task_seconds',
      'Time to solve a task',
      ['kind'],
      TASK_BUCKETS_S,
    )
    this.#running = metrics.gauge('tasks_running', 'Tasks that are being solved', ['kind'])
    this.#submissions = metrics.counter('submissions_total', 'Attempts to submit a result', [
      'outcome',
    ])
    this.#lastSubmission = metrics.gauge(
      'last_accepted_result_seconds',
      'When the relay last accepted a result, seconds since 1970',
    )
    this.#outbox = metrics.gauge('outbox_results', 'Results that wait to be submitted')
  }

  get contentType(): string {
    return this.#metrics.contentType
  }

  /** When the relay last answered a poll, milliseconds since 1970. */
  get lastPollAt(): number | undefined {
    return this.#lastPollAt
  }

  /** In the text format of Prometheus. `outbox`: results that wait now. */
  async text(outbox: number): Promise<string> {
    this.#outbox.set(outbox)
    return await this.#metrics.text()
  }

  async poll<T>(poll: () => Promise<T | null>): Promise<T | null> {
    const startedAt = performance.now()
    try {
      const next = await poll()
      this.#polls.inc({ outcome: next === null ? 'empty' : 'task' })
      this.#lastPollAt = Date.now()
      this.#lastPoll.set(this.#lastPollAt / 1000)
      return next
    } catch (error: unknown) {
      // A poll that a stop interrupts has no outcome.
      if (error instanceof TaskApiError) this.#polls.inc({ outcome: error.kind })
      throw error
    } finally {
      this.#pollSeconds.observe((performance.now() - startedAt) / 1000)
    }
  }

  async task(kind: TaskKind, solve: () => Promise<Solution>): Promise<Solution> {
    const startedAt = performance.now()
    this.#running.inc({ kind })
    try {
      const solution = await solve()
      this.#tasks.inc({ kind, outcome: solution.failure?.kind ?? 'ok' })
      return solution
    } finally {
      this.#running.dec({ kind })
      this.#taskSeconds.observe({ kind }, (performance.now() - startedAt) / 1000)
    }
  }

  async submission(submit: () => Promise<Submission>): Promise<Submission> {
    try {
      const submission = await submit()
      this.#submissions.inc({ outcome: submission.outcome })
      this.#lastSubmission.set(Date.now() / 1000)
      return submission
    } catch (error: unknown) {
      if (error instanceof TaskApiError) this.#submissions.inc({ outcome: error.kind })
      throw error
    }
  }
}
