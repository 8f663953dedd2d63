import {
  CODE_DISTRIBUTION,
  distributionResult,
  encodeDistribution,
  resultFile,
  serializeResultBytes,
  type DistributionRow,
} from '@warren/task-api'

import type { RelayStore } from '../../src/store/relay-store.ts'

const HOUR_MS = 3_600_000

/** Admits a distribution task and stores a result with `codeCount` codes for each of these nodes. */
export async function admitAnswered(
  store: RelayStore,
  collectionIds: readonly string[],
  codeCount: number,
): Promise<void> {
  const admission = await store.tasks.admit({
    upstream: 'bench',
    uuid: 'bench',
    kind: 'distribution',
    type: 'generic',
    collection: 'c',
    body: '{}',
    ageMs: 0,
    deadlineMs: HOUR_MS,
    resultWithoutNodes: '{}',
  })
  if (admission.outcome !== 'admitted') throw new Error(`the task was ${admission.outcome}`)
  const json = resultWithCodes(codeCount)
  const leaseMs = { availability: HOUR_MS, distribution: HOUR_MS }
  for (const nodeId of collectionIds) {
    const lease = await store.tasks.leaseOldest(nodeId, { leaseMs, maxAttempts: 5 })
    if (lease === null) throw new Error('nothing to lease')
    await store.tasks.storeResult({ subtaskId: lease.subtaskId, nodeId, json, status: 'ok' })
  }
}

function resultWithCodes(codeCount: number): Buffer {
  const rows = Array.from({ length: codeCount }, (_, index): DistributionRow => ({
    biobank: 'collection',
    code: `OMOP:${4_000_000 + index}`,
    count: 20 + (index % 500),
    description: '',
    min: null,
    q1: null,
    median: null,
    mean: null,
    q3: null,
    max: null,
    alternatives: '',
    dataset: '',
    omop: String(4_000_000 + index),
    omopDescription: `A clinical finding with number ${index}`,
    category: 'Condition',
  }))
  const file = resultFile({
    name: CODE_DISTRIBUTION,
    text: encodeDistribution(CODE_DISTRIBUTION, rows),
    description: null,
    sensitive: true,
  })
  return serializeResultBytes(distributionResult({ uuid: 'u', collection: 'c' }, codeCount, [file]))
}
