import { createHash } from 'node:crypto'
import { Backoff, newUuid, sleep, type Logger } from '@warren/runtime'
import { Client, type ClientConfig } from 'pg'

import { prepareConnection } from './postgres-pool.ts'
import type { StoreEvent } from './relay-store.ts'
import type { EventBus } from './event-bus.ts'

const CHANNEL = 'warren_relay'
/** Keeps our advisory locks apart from those of other programs on the same database. */
const LOCK_CLASS = 0x77_72_6e
/** A payload is limited to 7,999 bytes; a node id takes 39. */
const NODES_PER_NOTICE = 190

export interface SessionTiming {
  /** Between two, ms. */
  readonly heartbeatMs: number
  /** For the answer to a heartbeat, and for a connection, ms. */
  readonly answerMs: number
}

interface Notice {
  /** Who sent it: a process hears its own notices and has acted on them already. */
  readonly origin: string
  readonly event: StoreEvent
}

/**
 * One connection that is kept: it listens for what other relays announce and holds the locks of
 * leadership. Comes back by itself; whoever was leading has to ask again then.
 *
 * pgbouncer must not stand between, except in session mode: LISTEN and session locks belong to one
 * server session.
 */
export class PostgresSession implements AsyncDisposable {
  readonly #options: ClientConfig
  readonly #timing: SessionTiming
  readonly #eventBus: EventBus
  readonly #log: Logger
  readonly #origin = newUuid()
  readonly #stop = new AbortController()
  readonly #held = new Set<string>()
  readonly #done: Promise<void>
  #client: Client | null = null

  constructor(options: {
    connection: ClientConfig
    timing: SessionTiming
    eventBus: EventBus
    log: Logger
  }) {
    this.#timing = options.timing
    this.#options = options.connection
    this.#eventBus = options.eventBus
    this.#log = options.log
    this.#done = this.#keepConnected()
  }

  /** What `pg_notify` needs, one pair per notice. */
  notices(events: readonly StoreEvent[]): readonly { channel: string; payload: string }[] {
    return events.flatMap(split).map((event) => ({
      channel: CHANNEL,
      payload: JSON.stringify({ origin: this.#origin, event } satisfies Notice),
    }))
  }

  /** Takes the lock `name`, or says that it is held already; false if it is somebody else's or the connection is down. */
  async tryLock(name: string): Promise<boolean> {
    const client = this.#client
    if (client === null) return false
    if (this.#held.has(name)) return true
    try {
      const { rows } = await client.query<{ locked: boolean }>(
        'select pg_try_advisory_lock($1, $2) as locked',
        [LOCK_CLASS, lockNumber(name)],
      )
      const locked = rows[0]?.locked === true && this.#client === client
      if (locked) this.#held.add(name)
      return locked
    } catch {
      // The session's own loop sees the broken connection too, and says so.
      return false
    }
  }

  async unlock(name: string): Promise<void> {
    if (!this.#held.delete(name)) return
    try {
      await this.#client?.query('select pg_advisory_unlock($1, $2)', [LOCK_CLASS, lockNumber(name)])
    } catch {
      // A connection that cannot unlock is ending, and its locks end with it.
    }
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
        await this.#session(() => {
          failures = 0
          backoff.reset()
        })
      } catch (error: unknown) {
        failures++
        const detail = error instanceof Error ? error.message : String(error)
        // One line per outage; the store reports its own.
        if (failures === 1) this.#log.warn({ detail }, 'database notifications interrupted')
      }
      await sleep(backoff.next(), this.#stop.signal)
    }
  }

  /** One connection from its opening to its end. */
  async #session(onReady: () => void): Promise<void> {
    const client = new Client({
      ...this.#options,
      keepAlive: true,
      connectionTimeoutMillis: this.#timing.answerMs,
      query_timeout: this.#timing.answerMs,
    })
    // Without a listener an idle connection that breaks would end the process.
    const ended = new Promise<Error | null>((resolve) => {
      client.on('error', resolve)
      client.on('end', () => resolve(null))
    })
    client.on('notification', ({ payload }) => this.#hear(payload))
    try {
      await client.connect()
      await prepareConnection(client, this.#timing.answerMs)
      await client.query(`listen ${CHANNEL}`)
      this.#client = client
      this.#eventBus.setLive(true)
      onReady()
      await this.#watch(client, ended)
    } finally {
      this.#client = null
      this.#held.clear()
      this.#eventBus.setLive(false)
      await closeWithin(client, this.#timing.answerMs)
    }
  }

  // A connection can die without a word (a firewall forgets it). An answered heartbeat proves that
  // every notice sent before it has arrived, because both come down one connection in order.
  async #watch(client: Client, ended: Promise<Error | null>): Promise<void> {
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

  #hear(payload: string | undefined): void {
    const notice = readNotice(payload)
    if (notice !== null && notice.origin !== this.#origin) this.#eventBus.emit(notice.event)
  }
}

function split(event: StoreEvent): readonly StoreEvent[] {
  if (event.kind !== 'work') return [event]
  const parts: StoreEvent[] = []
  for (let start = 0; start < event.nodeIds.length; start += NODES_PER_NOTICE) {
    parts.push({ ...event, nodeIds: event.nodeIds.slice(start, start + NODES_PER_NOTICE) })
  }
  return parts
}

// Anybody who may connect to the database may notify: what is not ours, or of a later release, is a
// reason to look again, not to fail.
function readNotice(payload: string | undefined): Notice | null {
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

function lockNumber(name: string): number {
  return createHash('sha256').update(name).digest().readInt32BE(0)
}

async function closeWithin(client: Client, ms: number): Promise<void> {
  const ended = client.end().then(
    () => true,
    () => true,
  )
  const timeout = new AbortController()
  const inTime = await Promise.race([ended, sleep(ms, timeout.signal).then(() => false)])
  timeout.abort()
  // The other side does not answer: drop the socket, or this process could not end.
  if (!inTime) client.connection.stream.destroy()
}
