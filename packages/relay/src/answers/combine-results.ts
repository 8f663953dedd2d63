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

import type { TaskType } from '../store/relay-store.ts'
import type { Aggregator, ResultProblem, Publish } from './aggregator.ts'
import { AvailabilityAggregator } from './availability-aggregator.ts'
import { coverageMessage, type Coverage } from './coverage.ts'
import { DemographicsAggregator } from './demographics-aggregator.ts'
import { SumOverflowError } from './exact-sum.ts'
import { GenericAggregator } from './generic-aggregator.ts'

export interface CombineOptions {
  readonly disclosure: DisclosurePolicy
  readonly dropSuppressedRows: boolean
  /** Say how many nodes answered. */
  readonly reportCoverage: boolean
}

export interface TaskToCombine {
  /** The upstream's id and collection: what the result is addressed to. */
  readonly uuid: string
  readonly collection: string
  readonly type: TaskType
  readonly asked: number
}

export interface NodeResult {
  readonly nodeId: string
  readonly status: 'ok' | 'error'
  readonly result: string
}

export interface CombinedResult {
  readonly result: TaskResult
  readonly coverage: Coverage
  /** For the log: answers or parts of answers that were not counted, though the node meant well. */
  readonly problems: readonly {
    readonly nodeId: string
    readonly problems: readonly ResultProblem[]
  }[]
}

/**
 * One final result out of the nodes' answers. A failure, an unreadable answer and a missing one are
 * counted as such and never as zero people; if nothing valid is left, the result is an error.
 */
export async function combineResults(
  task: TaskToCombine,
  answers: AsyncIterable<NodeResult>,
  options: CombineOptions,
): Promise<CombinedResult> {
  const publish: Publish = (count) => disclose(count, options.disclosure)
  const aggregator = aggregatorFor(task, publish, options)
  const problems: { nodeId: string; problems: readonly ResultProblem[] }[] = []
  let answered = 0
  let failed = 0
  try {
    for await (const answer of answers) {
      const read = readAnswer(answer)
      const outcome = read.result === null ? read : aggregator.add(read.result)
      if (outcome.counted) answered++
      else failed++
      // A distribution of 30 MB takes a second to read. Polls, probes and heartbeats have their turn in between.
      if (task.type !== 'availability') await nextTurn()
      if (outcome.problems.length > 0) {
        problems.push({ nodeId: answer.nodeId, problems: outcome.problems })
      }
    }
    const coverage = { asked: task.asked, answered, failed, late: task.asked - answered - failed }
    return { result: finalResult(task, aggregator, coverage, options), coverage, problems }
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
  publish: Publish,
  { dropSuppressedRows }: CombineOptions,
): Aggregator {
  switch (type) {
    case 'generic':
      return new GenericAggregator({ collection, publish, dropSuppressedRows })
    case 'demographics':
      return new DemographicsAggregator({ collection, publish, dropSuppressedRows })
    case 'availability':
    case 'none':
    default:
      return new AvailabilityAggregator(publish)
  }
}

function readAnswer(
  answer: NodeResult,
): { result: TaskResult } | { result: null; counted: false; problems: readonly ResultProblem[] } {
  const failure = { result: null, counted: false, problems: [] } as const
  if (answer.status === 'error') return failure
  try {
    const result = parseResult(JSON.parse(answer.result))
    return isFailure(result) ? failure : { result }
  } catch (error: unknown) {
    if (!(error instanceof ResultFormatError || error instanceof SyntaxError)) throw error
    const message = error instanceof ResultFormatError ? error.message : 'is not JSON'
    return { ...failure, problems: [{ file: '', line: 0, column: '', message }] }
  }
}

function finalResult(
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
