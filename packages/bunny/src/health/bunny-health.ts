import { Health } from '@warren/runtime'
import type { BunnyConfig } from '../config.ts'
import { BunnyMetrics } from './bunny-metrics.ts'
import { keepHealthFile } from './health-file.ts'
import { startHealthServer } from './health-server.ts'

export interface HealthSources {
  /** Since when the database is not available, milliseconds since 1970. */
  readonly databaseAwaySince: () => number | undefined
  /** Results that wait to be submitted. */
  readonly outboxSize: () => number
}

/** Polls may fail for this long before the bunny is not ready. */
const GRACE_MS = 30_000

/** The metrics of a bunny whose health is served or written to a file. Undefined if neither is configured. */
export function healthMetrics(config: BunnyConfig): BunnyMetrics | undefined {
  const { healthAddress, healthFile } = config
  return healthAddress === undefined && healthFile === undefined ? undefined : new BunnyMetrics()
}

/** Serves the health and keeps the file, as configured, until disposed. */
export async function openHealth(
  config: BunnyConfig,
  metrics: BunnyMetrics,
  sources: HealthSources,
): Promise<AsyncDisposable> {
  const { healthAddress, healthFile, pollWaitSeconds, pollingIntervalMs } = config
  const health = new Health()
  const limitMs = 2 * (pollWaitSeconds * 1000 + pollingIntervalMs) + GRACE_MS
  health.check('relay', () => {
    const { lastPollAt } = metrics
    if (lastPollAt === undefined) return Promise.reject(new Error('no poll was answered yet'))
    const seconds = Math.round((Date.now() - lastPollAt) / 1000)
    return seconds * 1000 <= limitMs
      ? Promise.resolve()
      : Promise.reject(new Error(`the last poll was answered ${seconds} s ago`))
  })
  health.check('database', () =>
    sources.databaseAwaySince() === undefined
      ? Promise.resolve()
      : Promise.reject(new Error('the database is not available')),
  )
  await using opening = new AsyncDisposableStack()
  if (healthAddress !== undefined) {
    const text = () => metrics.text(sources.outboxSize())
    const { contentType } = metrics
    const served = { contentType, text }
    opening.use(await startHealthServer({ address: healthAddress, health, metrics: served }))
  }
  if (healthFile !== undefined) opening.use(keepHealthFile(healthFile, health))
  // The health is served while the bunny stops, and says so.
  opening.defer(() => health.markStopping())
  return opening.move()
}
