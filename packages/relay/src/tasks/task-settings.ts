import type { CombineOptions } from '../answers/combine-results.ts'
import type { TaskKind } from '../vocabulary/task-kind.ts'

/** The settings of tasks. Their names, defaults and limits are in the configuration. Times are in ms. */
export interface TaskSettings {
  readonly availabilityDeadlineMs: number
  readonly distributionDeadlineMs: number
  readonly availabilityLeaseMs: number
  readonly distributionLeaseMs: number
  readonly maxAttempts: number
  readonly silentNodeAfterMs: number
  readonly silentNodeGraceMs: number
  readonly suppressionThreshold: number
  readonly roundingTarget: number
  readonly dropSuppressedRows: boolean
  readonly reportCoverage: boolean
  readonly minAnsweringNodes: number
  readonly maxNodeCount: number
  readonly maxNodeRows: number
  readonly maxCombinedBytes: number
  readonly keepNodeResults: boolean
  readonly resultRetentionMs: number
}

/** Time from receiving a task to settling it, ms. */
export function deadlinesOf(settings: TaskSettings): Readonly<Record<TaskKind, number>> {
  return {
    availability: settings.availabilityDeadlineMs,
    distribution: settings.distributionDeadlineMs,
  }
}

/** How long a task is leased to a node, ms. */
export function leasesOf(settings: TaskSettings): Readonly<Record<TaskKind, number>> {
  return { availability: settings.availabilityLeaseMs, distribution: settings.distributionLeaseMs }
}

export function combineOptions(settings: TaskSettings): CombineOptions {
  const { maxCombinedBytes, maxNodeCount, maxNodeRows } = settings
  return {
    disclosure: { threshold: settings.suppressionThreshold, nearest: settings.roundingTarget },
    dropSuppressedRows: settings.dropSuppressedRows,
    reportCoverage: settings.reportCoverage,
    minAnsweringNodes: settings.minAnsweringNodes,
    bounds: { maxCombinedBytes, maxNodeCount, maxNodeRows },
  }
}
