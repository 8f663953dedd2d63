import { DurationHistogram, Health, type Logger } from '@warren/runtime'
import type { QueueTraffic } from '../queue/node-queue.ts'

/** What a hub cannot do its work, or not as fast, without. */
export interface Dependency {
  readonly name: 'database' | 'broker'
  readonly technology: string
  /** One question that has to be answered; rejects with the reason if it is not. */
  readonly check: () => Promise<void>
  /** Of a broker. */
  readonly traffic?: () => QueueTraffic | null
}

export interface DependencySummaryOptions {
  readonly dependencies: readonly Dependency[]
  readonly log: Pick<Logger, 'info'>
  /** A check that takes longer has failed. Default 2,000; so long a hub that stops may have to wait for one. */
  readonly timeoutMs?: number
  readonly now?: () => number
}

interface Period {
  readonly dependency: Dependency
  readonly durations: DurationHistogram
  checks: { ok: number; error: number }
  detail: string | undefined
  /** At the beginning of the period. */
  traffic: QueueTraffic | null
}

/**
 * Asks database and broker now and then, and says once a minute what became of it, also when all is well: a reader of the log
 * cannot tell a hub that has nothing to do from one that could do nothing.
 */
export class DependencySummary implements Disposable {
  readonly #health: Health
  readonly #log: Pick<Logger, 'info'>
  readonly #now: () => number
  readonly #periods: ReadonlyMap<string, Period>
  #from: number

  constructor({ dependencies, log, timeoutMs = 2_000, now = Date.now }: DependencySummaryOptions) {
    this.#health = new Health({ timeoutMs })
    this.#log = log
    this.#now = now
    this.#from = now()
    this.#periods = new Map(dependencies.map((dependency) => [dependency.name, open(dependency)]))
    for (const { name, check } of dependencies) this.#health.check(name, check)
  }

  /** Asks each of them once. Never rejects. */
  async check(): Promise<void> {
    const { checks } = await this.#health.ready()
    for (const [name, { ok, durationMs, detail }] of Object.entries(checks)) {
      const period = this.#periods.get(name)
      if (period === undefined) continue
      period.checks[ok ? 'ok' : 'error']++
      period.detail = ok ? undefined : (detail ?? 'failed')
      if (ok) period.durations.record(durationMs)
    }
  }

  /** Logs the period so far, a line for each of them, and begins a new one. */
  flush(): void {
    const now = this.#now()
    for (const period of this.#periods.values()) {
      this.#log.info({ ...summaryOf(period), periodMs: now - this.#from }, 'dependency summary')
      period.durations.reset()
      period.checks = { ok: 0, error: 0 }
      period.traffic = period.dependency.traffic?.() ?? null
    }
    this.#from = now
  }

  /** Logs what the open period holds, if anything. */
  [Symbol.dispose](): void {
    const [any] = this.#periods.values()
    if (any !== undefined && any.checks.ok + any.checks.error > 0) this.flush()
  }
}

function open(dependency: Dependency): Period {
  return {
    dependency,
    durations: new DurationHistogram(),
    checks: { ok: 0, error: 0 },
    detail: undefined,
    traffic: dependency.traffic?.() ?? null,
  }
}

function summaryOf({ dependency, durations, checks, detail, traffic }: Period): object {
  const { name, technology } = dependency
  return {
    dependency: name,
    technology,
    checks,
    state: detail === undefined ? 'ok' : 'failing',
    ...(detail !== undefined && { detail }),
    ...(durations.count > 0 && {
      p50Ms: durations.percentile(0.5),
      p95Ms: durations.percentile(0.95),
      maxMs: durations.max,
    }),
    ...trafficSince(traffic, dependency.traffic?.() ?? null),
  }
}

function trafficSince(before: QueueTraffic | null, now: QueueTraffic | null): object {
  if (before === null || now === null) return {}
  const { connectedSince } = now
  return {
    ...(connectedSince !== null && { connectedSince: new Date(connectedSince).toISOString() }),
    connections: now.connections - before.connections,
    published: now.published - before.published,
    fetched: now.fetched - before.fetched,
    failed: now.failed - before.failed,
  }
}
