import { disclose } from '@warren/disclosure'
import {
  CODE_DISTRIBUTION,
  METADATA_BCOS,
  distributionResult,
  encodeDistribution,
  encodeMetadata,
  resultFile,
  type DistributionTask,
  type TaskResult,
} from '@warren/task-api'
import { z } from 'zod'
import { conceptCounts, DOMAINS } from './concept-counts.ts'
import { distributionRow } from './distribution-row.ts'
import type { SolveContext } from './solve-context.ts'

export const disclosedConceptsSchema = z.array(
  z.object({
    domain: z.enum(DOMAINS),
    conceptId: z.number(),
    name: z.string(),
    count: z.number(),
  }),
)

/** A concept with a count that may leave the site: suppressed or rounded. */
export type DisclosedConcept = z.infer<typeof disclosedConceptsSchema>[number]

/** The counts of all concepts, suppressed and rounded. Concepts that are rounded to 0 are included. */
export async function discloseConcepts(context: SolveContext): Promise<DisclosedConcept[]> {
  const counts = await conceptCounts(context)
  return counts.map(({ domain, conceptId, name, persons }) => ({
    domain,
    conceptId,
    name,
    count: disclose(persons, context.policy),
  }))
}

export function codeDistribution(
  task: DistributionTask,
  concepts: readonly DisclosedConcept[],
  context: SolveContext,
): TaskResult {
  const { policy, collectionId, version, encode } = context
  const rows = concepts.map(({ domain, conceptId, name, count }) =>
    distributionRow({
      biobank: task.collection,
      code: `OMOP:${String(conceptId)}`,
      count,
      omop: String(conceptId),
      omopDescription: name,
      category: domain,
    }),
  )
  const metadata = encodeMetadata({
    biobank: collectionId ?? task.collection,
    protocol: 'Warren Bunny',
    os: '',
    bclink: version,
    dataModel: 'OMOP',
    rounding: Math.max(0, policy.nearest),
    threshold: Math.max(0, policy.threshold),
  })
  return distributionResult(task, rows.length, [
    resultFile({
      name: CODE_DISTRIBUTION,
      text: encodeDistribution(CODE_DISTRIBUTION, rows),
      description: `Result of ${CODE_DISTRIBUTION} analysis`,
      sensitive: true,
      size: 'encoded-kb',
      encode,
    }),
    resultFile({
      name: METADATA_BCOS,
      text: metadata,
      description: `Metadata for the result of ${CODE_DISTRIBUTION} analysis`,
      sensitive: false,
      size: 'encoded-kb',
      encode,
    }),
  ])
}
