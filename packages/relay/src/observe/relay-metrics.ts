import type { Metrics } from '@warren/runtime'
import type { FinishedRequest } from '../http/request-log.ts'
import type { QueueStatus } from '../queue/node-queue.ts'
import type { StoreCounts } from '../store/relay-store.ts'
import type { DeskEvent } from '../tasks/desk-events.ts'

/**
 * What the hub counts. Labels are bounded sets: nodes, upstreams, states and statuses; never a task, a path with an
 * id in it, or a name that a stranger sent.
 */
export class RelayMetrics {
  readonly #requests
  readonly #requestSeconds
  readonly #nodePolls
  readonly #loginFailures
  readonly #tasks
  readonly #answers
  readonly #leasesReturned
  readonly #upstreamPolls
  readonly #deliveries
  readonly #deliverySeconds
  readonly #storeTasks
  readonly #subtasks
  readonly #queueAvailable
  readonly #heldPolls

  constructor(metrics: Metrics) {
    this.#requests = metrics.counter('requests_total', 'HTTP requests answered', [
      'route',
      'method',
      'status',
    ])
    this.#requestSeconds = metrics.histogram(
      'request_seconds',
      'Time to answer, without the time polls were held open',
      ['route'],
    )
    this.#nodePolls = metrics.counter('node_requests_total', 'Requests of a node by status', [
      'node',
      'status',
    ])
    this.#loginFailures = metrics.counter('login_failures_total', 'Refused logins', ['reason'])
    this.#tasks = metrics.counter('task_events_total', 'What happened to tasks', [
      'upstream',
      'event',
    ])
    this.#answers = metrics.counter('answers_total', 'Answers of nodes', ['node', 'status'])
    this.#leasesReturned = metrics.counter(
      'leases_returned_total',
      'Tasks a node took and did not answer in time',
      ['node'],
    )
    this.#upstreamPolls = metrics.counter('upstream_polls_total', 'Polls of upstreams', [
      'upstream',
      'type',
      'outcome',
    ])
    this.#deliveries = metrics.counter('deliveries_total', 'Attempts to deliver an answer', [
      'upstream',
      'outcome',
    ])
    this.#deliverySeconds = metrics.histogram('delivery_seconds', 'Duration of such attempts', [
      'upstream',
    ])
    this.#storeTasks = metrics.gauge('tasks', 'Tasks in the store by state', ['state'])
    this.#subtasks = metrics.gauge('open_subtasks', 'Tasks that nodes have not answered yet', [
      'state',
    ])
    this.#queueAvailable = metrics.gauge('queue_available', '1 while the node queue works')
    this.#heldPolls = metrics.gauge('held_polls', 'Polls held open at the moment')
  }

  finished(request: FinishedRequest, nodeName: string | undefined): void {
    const { route, method, status, durationMs } = request
    this.#requests.inc({ route, method, status })
    this.#requestSeconds.observe({ route }, durationMs / 1000)
    if (nodeName !== undefined) this.#nodePolls.inc({ node: nodeName, status })
  }

  loginFailed(reason: string): void {
    this.#loginFailures.inc({ reason })
  }

  deskEvent(event: DeskEvent, nameOf: (nodeId: string) => string | undefined): void {
    const node = 'nodeId' in event ? (nameOf(event.nodeId) ?? 'unknown') : 'unknown'
    switch (event.event) {
      case 'task admitted':
      case 'task redelivered':
      case 'task settled':
        this.#tasks.inc({ upstream: event.upstream, event: event.event })
        break
      case 'result stored':
        this.#answers.inc({ node, status: event.status })
        break
      case 'result late':
      case 'result rejected':
        this.#answers.inc({ node, status: event.event })
        break
      case 'lease returned':
        this.#leasesReturned.inc({ node })
        break
      case 'task handed out':
        break
    }
  }

  upstreamPolled(upstream: string, type: string, outcome: string): void {
    this.#upstreamPolls.inc({ upstream, type, outcome })
  }

  delivered(upstream: string, outcome: string, durationMs: number): void {
    this.#deliveries.inc({ upstream, outcome })
    this.#deliverySeconds.observe({ upstream }, durationMs / 1000)
  }

  /** Counts are undefined while the store cannot be asked: a stale number would look like a healthy one. */
  snapshot(counts: StoreCounts | undefined, queue: QueueStatus): void {
    this.#queueAvailable.set(queue.available ? 1 : 0)
    this.#heldPolls.set(queue.waiting)
    this.#storeTasks.reset()
    this.#subtasks.reset()
    if (counts === undefined) return
    for (const [state, count] of Object.entries(counts.tasks))
      this.#storeTasks.set({ state }, count)
    this.#subtasks.set({ state: 'queued' }, counts.queuedSubtasks)
    this.#subtasks.set({ state: 'leased' }, counts.leasedSubtasks)
  }
}
