import { DurationHistogram, Health, steadyTime, type Logger } from '@warren/runtime'
import type { QueueTraffic } from '../queue/node-queue.ts'

/** A service that the relay depends on. */
export interface Dependency {
  readonly name: 'database' | 'broker'
  readonly technology: string
  /** Sends one request to the dependency. Rejects with the reason if it fails. */
  readonly check: () => Promise<void>
  /** Message counts, for a broker only. */
  readonly traffic?: () => QueueTraffic | null
}

export interface DependencySummaryOptions {
  readonly dependencies: readonly Dependency[]
  readonly log: Pick<Logger, 'info'>
  /** A check that takes longer has failed. Default 2,000. A relay that stops may wait this long for a running check. */
  readonly timeoutMs?: number
  readonly now?: () => number
}

interface Period {
  readonly dependency: Dependency
  readonly durations: DurationHistogram
  checks: { ok: number; error: number }
  detail: string | undefined
  /** Message counts at the start of the period. */
  traffic: QueueTraffic | null
}

/**
 * Checks the database and the broker regularly and logs a summary once a minute, even if every check succeeded. Without it,
 * the log of an idle relay would look like that of a blocked one.
 */
export class DependencySummary implements Disposable {
  readonly #health: Health
  readonly #log: Pick<Logger, 'info'>
  readonly #now: () => number
  readonly #periods: ReadonlyMap<string, Period>
  #from: number

  constructor({
    dependencies,
    log,
    timeoutMs = 2_000,
    now = steadyTime,
  }: DependencySummaryOptions) {
    this.#health = new Health({ timeoutMs })
    this.#log = log
    this.#now = now
    this.#from = now()
    this.#periods = new Map(
      dependencies.map((dependency) => [dependency.name, openPeriod(dependency)]),
    )
    for (const { name, check } of dependencies) this.#health.check(name, check)
  }

  /** Checks every dependency once. Never rejects. */
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

  /** Logs a summary of the current period per dependency, and starts a new period. */
  flush(): void {
    const now = this.#now()
    for (const period of this.#periods.values()) {
      this.#log.info({ ...summarise(period), periodMs: now - this.#from }, 'dependency summary')
      period.durations.reset()
      period.checks = { ok: 0, error: 0 }
      period.traffic = period.dependency.traffic?.() ?? null
    }
    this.#from = now
  }

  /** Logs the current period if it contains any check. */
  [Symbol.dispose](): void {
    const [any] = this.#periods.values()
    if (any !== undefined && any.checks.ok + any.checks.error > 0) this.flush()
  }
}

function openPeriod(dependency: Dependency): Period {
  return {
    dependency,
    durations: new DurationHistogram(),
    checks: { ok: 0, error: 0 },
    detail: undefined,
    traffic: dependency.traffic?.() ?? null,
  }
}

function summarise({ dependency, durations, checks, detail, traffic }: Period): object {
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
    ...countTraffic(traffic, dependency.traffic?.() ?? null),
  }
}

function countTraffic(before: QueueTraffic | null, now: QueueTraffic | null): object {
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
