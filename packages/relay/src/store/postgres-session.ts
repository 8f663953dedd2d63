import type { PostgresRoute } from '@warren/database'
import { Backoff, newUuid, sleep, type Logger } from '@warren/runtime'
import type { Client } from 'pg'

import { prepareConnection } from './postgres-pool.ts'
import type { StoreEvent } from './relay-store.ts'
import type { EventBus } from './event-bus.ts'

const CHANNEL = 'warren_relay'
/** A payload is limited to 7,999 bytes, and a collection ID takes 39. */
const MAX_NODES_PER_NOTICE = 190

export interface SessionTiming {
  /** Time between two heartbeats, ms. */
  readonly heartbeatMs: number
  /** Timeout for a heartbeat and for connecting, ms. */
  readonly responseMs: number
}

interface Notice {
  /** The sending process. A process receives its own notices too, and ignores them. */
  readonly origin: string
  readonly event: StoreEvent
}

/**
 * One permanent connection that listens for the events of other relays. It reconnects by itself.
 *
 * pgbouncer works only in session mode, because LISTEN belongs to one server session.
 */
export class PostgresSession implements AsyncDisposable {
  readonly #route: PostgresRoute
  readonly #timing: SessionTiming
  readonly #eventBus: EventBus
  readonly #log: Logger
  readonly #origin = newUuid()
  readonly #stop = new AbortController()
  readonly #done: Promise<void>

  constructor(options: {
    route: PostgresRoute
    timing: SessionTiming
    eventBus: EventBus
    log: Logger
  }) {
    this.#timing = options.timing
    this.#route = options.route
    this.#eventBus = options.eventBus
    this.#log = options.log
    this.#done = this.#keepConnected()
  }

  /** The arguments of `pg_notify`, one pair per notice. */
  encodeNotices(events: readonly StoreEvent[]): readonly { channel: string; payload: string }[] {
    return events.flatMap(splitEvent).map((event) => ({
      channel: CHANNEL,
      payload: JSON.stringify({ origin: this.#origin, event } satisfies Notice),
    }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #keepConnected(): Promise<void> {
    const backoff = new Backoff({ initialMs: 200, maxMs: 5_000 })
    let failures = 0
    while (!this.#stop.signal.aborted) {
      try {
        await this.#runSession(() => {
          failures = 0
          backoff.reset()
        })
      } catch (error: unknown) {
        failures++
        const detail = error instanceof Error ? error.message : String(error)
        // One line per outage. The store logs its own outage.
        if (failures === 1) this.#log.warn({ detail }, 'database notifications interrupted')
      }
      await sleep(backoff.next(), this.#stop.signal)
    }
  }

  /** Opens a connection and uses it until it ends. */
  async #runSession(onReady: () => void): Promise<void> {
    const client = await this.#route.connect({
      connectionTimeoutMillis: this.#timing.responseMs,
      query_timeout: this.#timing.responseMs,
    })
    const ended = new Promise<Error | null>((resolve) => {
      client.on('error', resolve)
      client.on('end', () => resolve(null))
    })
    client.on('notification', ({ payload }) => this.#receive(payload))
    try {
      await prepareConnection(client, this.#timing.responseMs)
      await client.query(`listen ${CHANNEL}`)
      this.#eventBus.setLive(true)
      onReady()
      await this.#sendHeartbeats(client, ended)
    } finally {
      this.#eventBus.setLive(false)
      await closeWithin(client, this.#timing.responseMs)
    }
  }

  // A connection can die silently (a firewall drops it). A successful heartbeat proves that every earlier notice has
  // arrived, because the server sends both in order on one connection.
  async #sendHeartbeats(client: Client, ended: Promise<Error | null>): Promise<void> {
    const stop = this.#stop.signal
    while (!stop.aborted) {
      const wake = new AbortController()
      const error = await Promise.race([
        ended.then((cause) => cause ?? new Error('connection closed')),
        sleep(this.#timing.heartbeatMs, AbortSignal.any([stop, wake.signal])).then(() => null),
      ]).finally(() => wake.abort())
      if (error !== null) throw error
      if (!stop.aborted) await client.query('select 1')
    }
  }

  #receive(payload: string | undefined): void {
    const notice = parseNotice(payload)
    if (notice !== null && notice.origin !== this.#origin) this.#eventBus.emit(notice.event)
  }
}

function splitEvent(event: StoreEvent): readonly StoreEvent[] {
  if (event.kind !== 'work') return [event]
  const parts: StoreEvent[] = []
  for (let start = 0; start < event.nodeIds.length; start += MAX_NODES_PER_NOTICE) {
    parts.push({ ...event, nodeIds: event.nodeIds.slice(start, start + MAX_NODES_PER_NOTICE) })
  }
  return parts
}

// Any program on the database can send a notice. One that is not the relay's, or of a later release, causes a resync
// instead of an error.
function parseNotice(payload: string | undefined): Notice | null {
  const resync: Notice = { origin: '', event: { kind: 'resync' } }
  try {
    const notice: unknown = JSON.parse(payload ?? '')
    if (typeof notice !== 'object' || notice === null) return resync
    const { origin, event } = notice as Partial<Notice>
    if (typeof origin !== 'string' || typeof event !== 'object' || event === null) return resync
    switch (event.kind) {
      case 'work':
        return Array.isArray(event.nodeIds) ? { origin, event } : resync
      case 'users-changed':
      case 'settled':
      case 'resync':
        return { origin, event }
      default:
        return resync
    }
  } catch {
    return resync
  }
}

async function closeWithin(client: Client, ms: number): Promise<void> {
  const ended = client.end().then(
    () => true,
    () => true,
  )
  const timeout = new AbortController()
  const inTime = await Promise.race([ended, sleep(ms, timeout.signal).then(() => false)])
  timeout.abort()
  // The server does not respond. Without dropping the socket, this process could not end.
  if (!inTime) client.connection.stream.destroy()
}
