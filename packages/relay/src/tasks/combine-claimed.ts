import { setImmediate as nextTurn } from 'node:timers/promises'
import { serializeResultBytes } from '@warren/task-api'

import {
  combineResults,
  type CombinedResult,
  type CombineOptions,
} from '../answers/combine-results.ts'
import { combineInThread } from '../answers/combine-in-thread.ts'
import type { NodeResult, SettlingClaim, TaskStore } from '../store/task-store.ts'

export interface Combined extends Pick<CombinedResult, 'coverage' | 'problems'> {
  /** The combined result, JSON in UTF-8. */
  readonly json: Buffer
}

// An error or a count has a few hundred bytes. Nothing that counts is in a larger one.
const MAX_SMALL_BYTES = 65_536
// Results of which the sum is at most this large take milliseconds: less than a thread takes to start.
const MAX_INLINE_BYTES = 131_072
const BATCH_BYTES = 1_000_000
const BATCH_RESULTS = 100

type ClaimedResult = SettlingClaim['results'][number]

/** Combines the results of a claimed task. Large ones are combined in a thread, so that the event loop is free for requests. */
export async function combineClaimed(
  claim: SettlingClaim,
  tasks: TaskStore,
  options: CombineOptions,
  signal: AbortSignal,
): Promise<Combined> {
  const { task } = claim
  const results = readClaimed(claim, tasks)
  const bytes = claim.results.reduce((sum, result) => sum + result.bytes, 0)
  if (task.kind === 'distribution' && bytes > MAX_INLINE_BYTES) {
    return combineInThread(task, results, options, signal)
  }
  const { result, coverage, problems } = await combineResults(task, results, options)
  return { json: serializeResultBytes(result), coverage, problems }
}

/**
 * Reads the results, the smallest first: if the combined result is full, rows of the largest ones are left out. Large results
 * are read one at a time.
 */
async function* readClaimed(
  { task, results }: SettlingClaim,
  tasks: TaskStore,
): AsyncGenerator<NodeResult> {
  const ordered = results.toSorted((a, b) => a.bytes - b.bytes || (a.nodeId < b.nodeId ? -1 : 1))
  for (const batch of batches(ordered)) {
    const read = batch.filter(({ status, bytes }) => {
      const isDistribution = task.kind === 'distribution' && status === 'ok'
      return isDistribution || bytes <= MAX_SMALL_BYTES
    })
    const nodeIds = read.map(({ nodeId }) => nodeId)
    const found = nodeIds.length === 0 ? [] : await tasks.readResults(task.taskId, nodeIds)
    const byNode = new Map(found.map((result) => [result.nodeId, result]))
    for (const { nodeId, status } of batch) {
      yield byNode.get(nodeId) ?? { nodeId, status, json: null }
    }
    await nextTurn()
  }
}

function* batches(results: readonly ClaimedResult[]): Generator<readonly ClaimedResult[]> {
  let batch: ClaimedResult[] = []
  let bytes = 0
  for (const result of results) {
    if (
      batch.length === BATCH_RESULTS ||
      (batch.length > 0 && bytes + result.bytes > BATCH_BYTES)
    ) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(result)
    bytes += result.bytes
  }
  if (batch.length > 0) yield batch
}
