import { disclose } from '@warren/disclosure'
import {
  CODE_DISTRIBUTION,
  DEMOGRAPHICS_DISTRIBUTION,
  distributionResult,
  encodeDistribution,
  resultFile,
  type DistributionTask,
  type TaskResult,
} from '@warren/task-api'
import { z } from 'zod'
import { distributionRow } from './distribution-row.ts'
import { runQuery, parseCount } from './run-query.ts'
import type { SolveContext } from './solve-context.ts'
import { placeholder, tableName } from './table-name.ts'

/**
 * The two sexes that receivers accept: a relay drops any other key. The names are fixed, because the vocabulary of the
 * site may be in another language.
 */
const SEXES = [
  { conceptId: 8507, name: 'Male' },
  { conceptId: 8532, name: 'Female' },
] as const

export const disclosedGendersSchema = z.array(
  z.object({ conceptId: z.number(), count: z.number() }),
)

/** A gender with a count that may leave the site. */
export type DisclosedGender = z.infer<typeof disclosedGendersSchema>[number]

/** The counts of genders that reach the threshold. People without a gender are not counted. */
export async function discloseGenders(context: SolveContext): Promise<DisclosedGender[]> {
  const { source, policy } = context
  const rows = await runQuery(context, {
    text: `SELECT gender_concept_id AS concept_id, count(*) AS persons
FROM ${tableName(source, 'person')}
GROUP BY gender_concept_id
HAVING count(*) >= ${placeholder(source, 1)} AND gender_concept_id IS NOT NULL
ORDER BY gender_concept_id`,
    values: [policy.threshold],
  })
  return rows.map((row) => ({
    conceptId: parseCount(row['concept_id']),
    count: disclose(parseCount(row['persons']), policy),
  }))
}

/**
 * The total is the sum of the disclosed counts. With the true total, a suppressed count could be computed by
 * subtraction.
 */
export function demographicsDistribution(
  task: DistributionTask,
  genders: readonly DisclosedGender[],
  context: SolveContext,
): TaskResult {
  const total = genders.reduce((sum, { count }) => sum + count, 0)
  const bySex = SEXES.flatMap(({ conceptId, name }) => {
    const gender = genders.find((one) => one.conceptId === conceptId)
    return gender === undefined ? [] : [`${name}|${String(gender.count)}^`]
  })
  const row = (code: string, description: string, alternatives: string) =>
    distributionRow({
      biobank: task.collection,
      code,
      description,
      count: total,
      alternatives,
      dataset: 'person',
      category: 'DEMOGRAPHICS',
    })
  const rows = [
    // If both sexes are suppressed, the field is empty: the .NET relay fails on a lone caret.
    row('SEX', 'Sex', bySex.length === 0 ? '' : `^${bySex.join('')}`),
    row('GENOMICS', 'Genomics', `^No|${String(total)}^`),
  ]
  const file = resultFile({
    name: DEMOGRAPHICS_DISTRIBUTION,
    text: encodeDistribution(DEMOGRAPHICS_DISTRIBUTION, rows),
    // Intended: the Python bunny sends this text for both files.
    description: `Result of ${CODE_DISTRIBUTION} analysis`,
    sensitive: true,
    size: 'encoded-kb',
    encode: context.encode,
  })
  return distributionResult(task, rows.length, [file])
}
