import { disclose, type DisclosurePolicy } from '@warren/disclosure'
import {
  countResult,
  distributionResult,
  errorResult,
  isFailure,
  parseResultBytes,
  ResultFormatError,
  type EncodedResult,
} from '@warren/task-api/messages'

import type { NodeResult } from '../store/task-store.ts'
import type { TaskType } from '../vocabulary/task-kind.ts'
import type { Aggregator, ResultProblem } from './aggregator.ts'
import { AvailabilityAggregator } from './availability-aggregator.ts'
import type { CombineBounds } from './combine-bounds.ts'
import { coverageMessage, type Coverage } from './coverage.ts'
import { DemographicsAggregator } from './demographics-aggregator.ts'
import { NodeMessages } from './node-messages.ts'
import { GenericAggregator } from './generic-aggregator.ts'

export interface CombineOptions {
  readonly disclosure: DisclosurePolicy
  readonly dropSuppressedRows: boolean
  /** Whether `message` states how many nodes answered. */
  readonly reportCoverage: boolean
  /** With fewer usable results, the combined result is an error. At least 1. */
  readonly minAnsweringNodes: number
  readonly bounds: CombineBounds
}

export interface TaskToCombine {
  /** The upstream's uuid and collection, to which the combined result is addressed. */
  readonly uuid: string
  readonly collection: string
  readonly type: TaskType
  readonly asked: number
}

export interface CombinedResult {
  readonly result: EncodedResult
  readonly coverage: Coverage
  /** For the log: results with status ok that were not counted, in whole or in part. */
  readonly problems: readonly NodeProblems[]
}

export interface NodeProblems {
  readonly nodeId: string
  readonly problems: readonly ResultProblem[]
}

/**
 * Combines the results of nodes, with one of them in memory at a time. A failed, unreadable or missing result is counted as
 * such and never as 0 people. With too few valid results, the combined result is an error. What one node sent can make its
 * own part unusable, and never changes the counts of the others.
 */
export async function combineResults(
  task: TaskToCombine,
  results: AsyncIterable<NodeResult>,
  options: CombineOptions,
): Promise<CombinedResult> {
  const aggregator = openAggregator(task, options)
  const messages = { reasons: new NodeMessages(), restrictions: new NodeMessages() }
  const problems: NodeProblems[] = []
  const counts = { answered: 0, partial: 0, failed: 0 }
  for await (const nodeResult of results) {
    const outcome = addResult(aggregator, nodeResult, messages)
    if (outcome.counted) counts.answered++
    else counts.failed++
    if (outcome.problems.length === 0) continue
    if (outcome.counted) counts.partial++
    problems.push({ nodeId: nodeResult.nodeId, problems: outcome.problems })
  }
  const { asked } = task
  const coverage = { asked, ...counts, late: asked - counts.answered - counts.failed }
  return {
    result: combinedResult(task, aggregator, coverage, { messages, options }),
    coverage,
    problems,
  }
}

function openAggregator({ type, collection }: TaskToCombine, options: CombineOptions): Aggregator {
  const { dropSuppressedRows, bounds, disclosure } = options
  const discloseCount = (count: number): number => disclose(count, disclosure)
  switch (type) {
    case 'generic':
      return new GenericAggregator({ collection, discloseCount, dropSuppressedRows, bounds })
    case 'demographics':
      return new DemographicsAggregator({ collection, discloseCount, dropSuppressedRows, bounds })
    case 'availability':
    case 'none':
    default:
      return new AvailabilityAggregator({ discloseCount, bounds })
  }
}

/** What nodes said, which the researcher needs to understand the combined result. */
interface Messages {
  readonly reasons: NodeMessages
  /** Said about the results that were counted. */
  readonly restrictions: NodeMessages
}

function addResult(
  aggregator: Aggregator,
  { json }: NodeResult,
  { reasons, restrictions }: Messages,
): ReturnType<Aggregator['add']> {
  if (json === null) return unusable('is too large')
  try {
    const result = parseResultBytes(json)
    if (!isFailure(result)) {
      const outcome = aggregator.add(result)
      if (outcome.counted) restrictions.addRestrictions(result.message)
      return outcome
    }
    reasons.add(result.message)
    return { counted: false, problems: [] }
  } catch (error: unknown) {
    if (error instanceof ResultFormatError) return unusable(error.message)
    if (error instanceof SyntaxError) return unusable('is not JSON')
    throw error
  }
}

function unusable(message: string): ReturnType<Aggregator['add']> {
  return { counted: false, problems: [{ file: '', line: 0, column: '', message }] }
}

function combinedResult(
  task: TaskToCombine,
  aggregator: Aggregator,
  coverage: Coverage,
  { messages, options }: { messages: Messages; options: CombineOptions },
): EncodedResult {
  const restrictions = messages.restrictions.toString()
  const covered = options.reportCoverage ? coverageMessage(coverage, messages.reasons) : ''
  const message = [covered, restrictions].filter((part) => part !== '').join('; ')
  if (coverage.answered === 0)
    return errorResult(task, message === '' ? 'no valid answer' : message)
  if (coverage.answered < options.minAnsweringNodes) {
    const why = `not published: fewer than ${options.minAnsweringNodes} nodes answered`
    return errorResult(task, message === '' ? why : `${why} (${message})`)
  }
  const { count, files } = aggregator.finish()
  return task.type === 'availability'
    ? countResult(task, count, message)
    : distributionResult(task, count, files, message)
}
