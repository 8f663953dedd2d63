import type { Logger } from '@warren/runtime'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import type { CachedCode, DistributionCache } from './distribution-cache.ts'
import type { Solution } from './solve-task.ts'

export interface CacheRefreshOptions {
  readonly cache: DistributionCache
  /** Solves in the queue of requested distributions, so that the two do not compete for the database. */
  readonly solve: (task: Readonly<Record<string, string>>) => Promise<Solution>
  readonly collectionId: string
  /** The concepts that the policy denies now. */
  readonly denied: () => Promise<ReadonlySet<number>>
  /** Whether missing distributions are computed at start. */
  readonly onStartup: boolean
  readonly clock: Clock
  readonly log: Logger
}

const CODES: readonly CachedCode[] = ['DEMOGRAPHICS', 'GENERIC']

const CHECK_INTERVAL_MS = 60_000

/** Pause after a failure, to give the database time to recover. */
const FAILURE_PAUSE_MS = 300_000

/** Computes distributions before they are requested: at start, and when they expire. */
export async function keepCacheFresh(
  options: CacheRefreshOptions,
  signal: AbortSignal,
): Promise<void> {
  const { cache, denied, onStartup, clock } = options
  let starting = true
  while (!signal.aborted) {
    let failed = false
    for (const code of CODES) {
      const state = await cache.state(code, await denied())
      const due = state === 'expired' || (state === 'none' && starting && onStartup)
      if (due && !signal.aborted) failed = !(await refresh(code, options)) || failed
    }
    starting = false
    await clock.sleep(failed ? FAILURE_PAUSE_MS : CHECK_INTERVAL_MS, signal)
  }
}

async function refresh(code: CachedCode, options: CacheRefreshOptions): Promise<boolean> {
  const { solve, collectionId, clock, log } = options
  const startedAt = clock.now()
  const { failure } = await solve({
    uuid: 'cache_refresh',
    owner: 'system',
    collection: collectionId,
    analysis: 'DISTRIBUTION',
    code,
  })
  const durationMs = clock.now() - startedAt
  if (failure === undefined) log.info({ code, durationMs }, BunnyEvent.cacheRefreshed)
  else log.warn({ code, detail: failure.reason, durationMs }, BunnyEvent.cacheFailure)
  return failure === undefined
}
