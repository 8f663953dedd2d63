import type { Logger } from '@warren/runtime'
import { errorResult, serializeResultBytes } from '@warren/task-api'

import type { NodeProblems } from '../answers/combine-results.ts'
import type { Coverage } from '../answers/coverage.ts'
import type { RelayStore } from '../store/relay-store.ts'
import { StoreError } from '../store/store-error.ts'
import type { Settlement, SettlingClaim } from '../store/task-store.ts'
import { combineClaimed, type Combined } from './combine-claimed.ts'
import { HeldClaim } from './held-claim.ts'
import type { TaskEvent } from './task-events.ts'
import { combineOptions, deadlinesOf, type TaskSettings } from './task-settings.ts'

export interface SettlementContext {
  readonly store: RelayStore
  readonly log: Logger
  readonly settings: TaskSettings
  readonly onEvent: (event: TaskEvent) => void
}

// A relay that crashes while it settles a task is replaced after this time.
const CLAIM_MS = 15_000
/** A task that was claimed more often, without a combined result, crashes relays. */
const MAX_ATTEMPTS = 5
const MAX_LOGGED_PROBLEMS = 5

/**
 * Settles a task: claim it, combine its results, store the combined result. The claim and the storing are short transactions,
 * and nothing is locked in between. True if this call has settled the task.
 */
export async function settleTask(
  taskId: string,
  context: SettlementContext,
  stopping: AbortSignal,
): Promise<boolean> {
  const { tasks } = context.store
  const claim = await tasks.claimSettling(taskId, CLAIM_MS)
  if (claim === null) return false
  await using held = new HeldClaim(tasks, claim, { claimMs: CLAIM_MS, stopping })
  const combined = await combineOrFail(claim, context, held.signal)
  if (combined === null) return false
  const settlement = await tasks.settle(claim, combined.json)
  if (settlement.outcome === 'lost') {
    context.log.warn({ taskId: claim.task.uuid }, 'settling claim lost')
    return false
  }
  held.keep()
  report(claim, combined.coverage, settlement, context)
  return true
}

/** Null: the claim was lost, or the relay stops. */
async function combineOrFail(
  claim: SettlingClaim,
  context: SettlementContext,
  signal: AbortSignal,
): Promise<Combined | null> {
  const { task, attempt } = claim
  const { log, store, settings } = context
  try {
    if (attempt > MAX_ATTEMPTS) throw new Error(`${MAX_ATTEMPTS} attempts did not finish`)
    const combined = await combineClaimed(claim, store.tasks, combineOptions(settings), signal)
    logProblems(task.uuid, combined.problems, log)
    return combined
  } catch (error: unknown) {
    if (signal.aborted) return null
    if (error instanceof StoreError) throw error
    log.error({ err: error, taskId: task.uuid }, 'results cannot be combined')
    // The upstream gets an error now, instead of waiting for its timeout.
    const { asked } = task
    const failed = claim.results.length
    return {
      json: serializeResultBytes(errorResult(task, 'the results could not be combined')),
      coverage: { asked, answered: 0, partial: 0, failed, late: asked - failed },
      problems: [],
    }
  }
}

function logProblems(taskId: string, problems: readonly NodeProblems[], log: Logger): void {
  for (const { nodeId, problems: found } of problems) {
    log.warn(
      {
        taskId,
        node: nodeId,
        problems: found.slice(0, MAX_LOGGED_PROBLEMS),
        more: Math.max(0, found.length - MAX_LOGGED_PROBLEMS),
      },
      'result partly unusable',
    )
  }
}

function report(
  { task: { uuid: taskId, kind, upstream } }: SettlingClaim,
  coverage: Coverage,
  { missing, users, isExpired }: Extract<Settlement, { outcome: 'settled' }>,
  { log, onEvent, settings }: SettlementContext,
): void {
  if (missing > 0) {
    const fields = { taskId, kind, missing, users }
    if (isExpired) log.warn({ ...fields, deadlineMs: deadlinesOf(settings)[kind] }, 'task expired')
    else log.info(fields, 'silent nodes not waited for')
  }
  log.info({ taskId, ...coverage }, 'task settled')
  onEvent({ event: 'task settled', taskId, upstream, kind, ...coverage })
}
