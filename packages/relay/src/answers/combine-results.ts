import { setImmediate as nextTurn } from 'node:timers/promises'
import { disclose, type DisclosurePolicy } from '@warren/disclosure'
import {
  countResult,
  distributionResult,
  errorResult,
  isFailure,
  parseResult,
  ResultFormatError,
  type TaskResult,
} from '@warren/task-api'

import type { NodeResult } from '../store/task-store.ts'
import type { TaskType } from '../vocabulary/task-kind.ts'
import type { Aggregator, ResultProblem, DiscloseCount } from './aggregator.ts'
import { AvailabilityAggregator } from './availability-aggregator.ts'
import { coverageMessage, type Coverage } from './coverage.ts'
import { DemographicsAggregator } from './demographics-aggregator.ts'
import { SumOverflowError } from './exact-sum.ts'
import { GenericAggregator } from './generic-aggregator.ts'

export interface CombineOptions {
  readonly disclosure: DisclosurePolicy
  readonly dropSuppressedRows: boolean
  /** Whether `message` states how many nodes answered. */
  readonly reportCoverage: boolean
}

export interface TaskToCombine {
  /** The upstream's uuid and collection, to which the combined result is addressed. */
  readonly uuid: string
  readonly collection: string
  readonly type: TaskType
  readonly asked: number
}

export interface CombinedResult {
  readonly result: TaskResult
  readonly coverage: Coverage
  /** For the log: results with status ok that were not counted, in whole or in part. */
  readonly problems: readonly {
    readonly nodeId: string
    readonly problems: readonly ResultProblem[]
  }[]
}

/**
 * Combines the results of nodes. A failed, unreadable or missing result is counted as such and never as 0 people. Without
 * any valid result, the combined result is an error.
 */
export async function combineResults(
  task: TaskToCombine,
  results: AsyncIterable<NodeResult>,
  options: CombineOptions,
): Promise<CombinedResult> {
  const discloseCount: DiscloseCount = (count) => disclose(count, options.disclosure)
  const aggregator = aggregatorFor(task, discloseCount, options)
  const problems: { nodeId: string; problems: readonly ResultProblem[] }[] = []
  let answered = 0
  let failed = 0
  try {
    for await (const nodeResult of results) {
      const parsed = parseNodeResult(nodeResult)
      const outcome = parsed.result === null ? parsed : aggregator.add(parsed.result)
      if (outcome.counted) answered++
      else failed++
      // Parsing a distribution of 30 MB takes a second. Polls, probes and heartbeats run in between.
      if (task.type !== 'availability') await nextTurn()
      if (outcome.problems.length > 0) {
        problems.push({ nodeId: nodeResult.nodeId, problems: outcome.problems })
      }
    }
    const coverage = { asked: task.asked, answered, failed, late: task.asked - answered - failed }
    return { result: combinedResult(task, aggregator, coverage, options), coverage, problems }
  } catch (error: unknown) {
    if (!(error instanceof SumOverflowError)) throw error
    const late = task.asked - answered - failed
    return {
      result: errorResult(task, error.message),
      coverage: { asked: task.asked, answered, failed, late },
      problems,
    }
  }
}

function aggregatorFor(
  { type, collection }: TaskToCombine,
  discloseCount: DiscloseCount,
  { dropSuppressedRows }: CombineOptions,
): Aggregator {
  switch (type) {
    case 'generic':
      return new GenericAggregator({ collection, discloseCount, dropSuppressedRows })
    case 'demographics':
      return new DemographicsAggregator({ collection, discloseCount, dropSuppressedRows })
    case 'availability':
    case 'none':
    default:
      return new AvailabilityAggregator(discloseCount)
  }
}

function parseNodeResult(
  nodeResult: NodeResult,
): { result: TaskResult } | { result: null; counted: false; problems: readonly ResultProblem[] } {
  const failure = { result: null, counted: false, problems: [] } as const
  if (nodeResult.status === 'error') return failure
  try {
    const result = parseResult(JSON.parse(nodeResult.json))
    return isFailure(result) ? failure : { result }
  } catch (error: unknown) {
    if (!(error instanceof ResultFormatError || error instanceof SyntaxError)) throw error
    const message = error instanceof ResultFormatError ? error.message : 'is not JSON'
    return { ...failure, problems: [{ file: '', line: 0, column: '', message }] }
  }
}

function combinedResult(
  task: TaskToCombine,
  aggregator: Aggregator,
  coverage: Coverage,
  { reportCoverage }: CombineOptions,
): TaskResult {
  if (coverage.answered === 0) {
    return errorResult(task, reportCoverage ? coverageMessage(coverage) : 'no valid answer')
  }
  const { count, files } = aggregator.finish()
  const message = reportCoverage ? coverageMessage(coverage) : ''
  return task.type === 'availability'
    ? countResult(task, count, message)
    : distributionResult(task, count, files, message)
}
