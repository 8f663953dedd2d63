import { Health } from '@warren/runtime'
import type { BunnyConfig } from '../config.ts'
import { BunnyMetrics } from './bunny-metrics.ts'
import { statusDocument, type CollectionStatus } from './collection-status.ts'
import { keepHealthFile } from './health-file.ts'
import { startHealthServer } from './health-server.ts'

export interface HealthSources {
  /** Since when the database is not available, milliseconds since 1970. */
  readonly databaseAwaySince: () => number | undefined
  readonly collections: () => readonly CollectionStatus[]
  readonly now: () => number
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
  const { healthAddress, healthFile } = config
  const health = healthOf(config, sources)
  await using opening = new AsyncDisposableStack()
  if (healthAddress !== undefined) {
    const text = () => metrics.text(sources.collections(), sources.databaseAwaySince())
    opening.use(
      await startHealthServer({
        address: healthAddress,
        health,
        status: () => statusOf(sources),
        metrics: { contentType: metrics.contentType, text },
      }),
    )
  }
  if (healthFile !== undefined) opening.use(keepHealthFile(healthFile, health))
  // The health is served while the bunny stops, and says so.
  opening.defer(() => health.markStopping())
  return opening.move()
}

function healthOf(config: BunnyConfig, sources: HealthSources): Health {
  const { pollWaitSeconds, pollingIntervalMs } = config
  const { collections, databaseAwaySince, now } = sources
  const limitMs = 2 * (pollWaitSeconds * 1000 + pollingIntervalMs) + GRACE_MS
  const health = new Health()
  const links = collections().map(({ link }) => link)
  for (const [index, link] of links.entries()) {
    health.check(links.length === 1 ? 'relay' : `relay ${link}`, async () => {
      const reason = pollProblem(collections()[index], limitMs, now())
      if (reason !== undefined) throw new Error(reason)
    })
  }
  health.check('database', async () => {
    if (databaseAwaySince() !== undefined) throw new Error('the database is not available')
  })
  return health
}

/** Why a collection is not ready. */
function pollProblem(
  status: CollectionStatus | undefined,
  limitMs: number,
  now: number,
): string | undefined {
  if (status?.login === 'rejected') return 'the login is rejected'
  if (status?.lastPollAt === undefined) return 'no poll was answered yet'
  const seconds = Math.round((now - status.lastPollAt) / 1000)
  return seconds * 1000 <= limitMs ? undefined : `the last poll was answered ${seconds} s ago`
}

function statusOf({ collections, databaseAwaySince }: HealthSources): object {
  const since = databaseAwaySince()
  return {
    database:
      since === undefined
        ? { available: true }
        : { available: false, since: new Date(since).toISOString() },
    collections: collections().map((one) => statusDocument(one)),
  }
}
