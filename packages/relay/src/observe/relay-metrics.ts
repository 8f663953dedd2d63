import { createMetrics, type MetricDefinition, type Metrics } from '@warren/runtime'
import type { AddressReport } from '@warren/task-api'
import type { LimitReason } from '@warren/runtime/http'
import type { FinishedRequest } from '../http/request-log.ts'
import type { QueueStatus } from '../queue/node-queue.ts'
import type { StatementKind } from '../store/on-statement.ts'
import type { StoreCounts } from '../store/task-store.ts'
import type { TaskEvent } from '../tasks/task-events.ts'

/** In front of the name of each metric. */
export const RELAY_METRICS_PREFIX = 'warren_relay_'
// A statement that takes longer than 0.2 s makes other work of the relay wait.
const STATEMENT_BUCKETS_S = [0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 2, 10]

/**
 * The metrics of the relay. Every label has a bounded set of values: nodes, upstreams, states and statuses. It is never a
 * task, a path that contains an ID, or a name sent by an unknown client.
 */
export class RelayMetrics {
  readonly #requests
  readonly #requestSeconds
  readonly #nodeRequests
  readonly #certificateExpiry
  readonly #closedConnections
  readonly #loginFailures
  readonly #taskEvents
  readonly #results
  readonly #leasesReturned
  readonly #upstreamPolls
  readonly #addressFailures
  readonly #submissions
  readonly #submissionSeconds
  readonly #statementSeconds
  readonly #tasks
  readonly #openSubtasks
  readonly #queueAvailable
  readonly #heldPolls
  readonly #spooledTasks
  readonly #clockSkew
  readonly #leader

  /** For their documentation. */
  readonly definitions: readonly MetricDefinition[]

  constructor(metrics: Metrics) {
    this.definitions = metrics.definitions
    this.#requests = metrics.counter('requests_total', 'Answered HTTP requests', [
      'route',
      'method',
      'status',
    ])
    this.#requestSeconds = metrics.histogram(
      'request_seconds',
      'Time to answer an HTTP request, without the time a poll was held',
      ['route'],
    )
    this.#nodeRequests = metrics.counter('node_requests_total', 'Answered HTTP requests of nodes', [
      'node',
      'status',
    ])
    this.#certificateExpiry = metrics.gauge(
      'certificate_expiry_seconds',
      'When the TLS certificate of the relay expires, seconds since 1970; 0 without TLS',
    )
    this.#closedConnections = metrics.counter(
      'closed_connections_total',
      'Connections closed by a limit',
      ['reason'],
    )
    this.#loginFailures = metrics.counter('login_failures_total', 'Rejected logins', ['reason'])
    this.#taskEvents = metrics.counter(
      'task_events_total',
      'Tasks admitted, redelivered and settled',
      ['upstream', 'event'],
    )
    this.#results = metrics.counter('results_total', 'Results submitted by nodes', [
      'node',
      'status',
    ])
    this.#leasesReturned = metrics.counter(
      'leases_returned_total',
      'Leases that expired before the node submitted a result',
      ['node'],
    )
    this.#upstreamPolls = metrics.counter('upstream_polls_total', 'Polls of upstreams', [
      'upstream',
      'type',
      'outcome',
    ])
    this.#addressFailures = metrics.gauge(
      'upstream_address_failures',
      'Failures of an address of the upstream while another address works; absent if it works',
      ['upstream', 'address'],
    )
    this.#submissions = metrics.counter(
      'submissions_total',
      'Attempts to submit a combined result to an upstream',
      ['upstream', 'outcome'],
    )
    this.#submissionSeconds = metrics.histogram(
      'submission_seconds',
      'Duration of an attempt to submit a combined result',
      ['upstream'],
    )
    this.#statementSeconds = metrics.histogram(
      'store_statement_seconds',
      'Time of an SQL statement, until its whole response was read; copy reads results and locks nothing',
      ['kind'],
      STATEMENT_BUCKETS_S,
    )
    this.#tasks = metrics.gauge('tasks', 'Tasks in the database', ['state'])
    this.#openSubtasks = metrics.gauge('open_subtasks', 'Subtasks without a result', ['state'])
    this.#queueAvailable = metrics.gauge(
      'queue_available',
      'Availability of the node queue: 1 available, 0 not',
    )
    this.#heldPolls = metrics.gauge('held_polls', 'Polls held at the moment')
    this.#spooledTasks = metrics.gauge(
      'spooled_tasks',
      'Received tasks that the database has not stored yet',
    )
    this.#leader = metrics.gauge(
      'leader',
      'Whether this relay polls the upstream: 1 the leader, 0 not',
      ['upstream'],
    )
    this.#clockSkew = metrics.gauge(
      'clock_skew_seconds',
      'How far the clock of this machine is ahead of that of the database',
    )
  }

  countRequest(request: FinishedRequest, nodeName: string | undefined): void {
    const { route, method, status, durationMs } = request
    this.#requests.inc({ route, method, status })
    this.#requestSeconds.observe({ route }, durationMs / 1000)
    if (nodeName !== undefined) this.#nodeRequests.inc({ node: nodeName, status })
  }

  setCertificateExpiry(expiresAt: Date): void {
    this.#certificateExpiry.set(expiresAt.getTime() / 1000)
  }

  countClosedConnection(reason: LimitReason): void {
    this.#closedConnections.inc({ reason })
  }

  /** Removes what was counted for a node that no longer exists. */
  async removeNode(name: string): Promise<void> {
    for (const counter of [this.#nodeRequests, this.#results, this.#leasesReturned]) {
      const { values } = await counter.get()
      for (const { labels } of values) if (labels.node === name) counter.remove(labels)
    }
  }

  countLoginFailure(reason: string): void {
    this.#loginFailures.inc({ reason })
  }

  countTaskEvent(event: TaskEvent, nameOf: (nodeId: string) => string | undefined): void {
    const node = 'nodeId' in event ? (nameOf(event.nodeId) ?? 'unknown') : 'unknown'
    switch (event.event) {
      case 'task admitted':
      case 'task redelivered':
      case 'task settled':
        this.#taskEvents.inc({ upstream: event.upstream, event: event.event })
        break
      case 'result stored':
        this.#results.inc({ node, status: event.status })
        break
      case 'result late':
        this.#results.inc({ node, status: 'late' })
        break
      case 'result rejected':
        this.#results.inc({ node, status: 'rejected' })
        break
      case 'lease returned':
        this.#leasesReturned.inc({ node })
        break
      case 'task handed out':
        break
    }
  }

  countUpstreamPoll(upstream: string, type: string, outcome: string): void {
    this.#upstreamPolls.inc({ upstream, type, outcome })
  }

  /** Bounded: only the addresses that fail at the moment have a value. */
  setUpstreamAddress(upstream: string, report: AddressReport): void {
    const { change, address = 'chosen by the proxy', count } = report
    if (change === 'recovered' || change === 'removed') {
      this.#addressFailures.remove({ upstream, address })
    } else this.#addressFailures.set({ upstream, address }, count)
  }

  countSubmission(upstream: string, outcome: string, durationMs: number): void {
    this.#submissions.inc({ upstream, outcome })
    this.#submissionSeconds.observe({ upstream }, durationMs / 1000)
  }

  countStatement(durationMs: number, kind: StatementKind): void {
    this.#statementSeconds.observe({ kind }, durationMs / 1000)
  }

  setSpooledTasks(number: number): void {
    this.#spooledTasks.set(number)
  }

  setLeader(upstream: string, isLeader: boolean): void {
    this.#leader.set({ upstream }, isLeader ? 1 : 0)
  }

  setClockSkew(skewMs: number): void {
    this.#clockSkew.set(skewMs / 1000)
  }

  /** `counts` is undefined while the database is unavailable: a stale number would look like a healthy one. */
  setGauges(counts: StoreCounts | undefined, queue: QueueStatus): void {
    this.#queueAvailable.set(queue.available ? 1 : 0)
    this.#heldPolls.set(queue.waiting)
    this.#tasks.reset()
    this.#openSubtasks.reset()
    if (counts === undefined) return
    for (const [state, count] of Object.entries(counts.tasks)) this.#tasks.set({ state }, count)
    this.#openSubtasks.set({ state: 'queued' }, counts.queuedSubtasks)
    this.#openSubtasks.set({ state: 'leased' }, counts.leasedSubtasks)
  }
}

/** What a relay serves at `/metrics`, without the metrics of the process. */
export function relayMetricDefinitions(): readonly MetricDefinition[] {
  const metrics = createMetrics(RELAY_METRICS_PREFIX, { process: false })
  return new RelayMetrics(metrics).definitions
}
