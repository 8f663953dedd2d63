import { CODE_PARTS, type TablePart } from '@warren/cdm'
import type { CdmSource, SqlStatement } from '../sources/cdm-source.ts'
import { runQuery, parseCount } from './run-query.ts'
import type { SolveContext } from './solve-context.ts'
import { placeholder, tableName } from './table-name.ts'

/** The parts of a code distribution, in the order of its rows. */
export const DOMAINS = CODE_PARTS.map(({ domain }) => domain)

/** How many people have a concept: a true count, which must not leave the site before `disclose`. */
export interface ConceptCount {
  readonly domain: string
  readonly conceptId: number
  readonly name: string
  readonly persons: number
}

/**
 * Counts people per concept in each domain, and leaves out concepts with fewer than `threshold`. Runs one statement per
 * table and one at a time: a distribution may take long, but must not occupy the database.
 */
export async function conceptCounts(context: SolveContext): Promise<ConceptCount[]> {
  const { source, omop, policy } = context
  const counts: ConceptCount[] = []
  const read = async (statement: SqlStatement): Promise<void> => {
    for (const row of await runQuery(context, statement)) {
      counts.push({
        domain: parseDomain(row['domain']),
        conceptId: parseCount(row['concept_id']),
        name: typeof row['concept_name'] === 'string' ? row['concept_name'] : '',
        persons: parseCount(row['persons']),
      })
    }
  }
  await read(personConcepts(source, policy.threshold))
  for (const part of CODE_PARTS) {
    const { event, switch: enabled } = part.table
    if (event === undefined || (enabled !== undefined && omop[enabled] !== true)) continue
    await read(eventConcepts(source, part, policy.threshold))
  }
  return counts.toSorted(
    (a, b) => DOMAINS.indexOf(a.domain) - DOMAINS.indexOf(b.domain) || a.conceptId - b.conceptId,
  )
}

/** Gender, race and ethnicity in one scan of `person`, which has one row per person. */
function personConcepts(source: CdmSource, threshold: number): SqlStatement {
  const parts = CODE_PARTS.filter(({ table }) => table.name === 'person')
  const columns = parts.map(({ concept }) => concept).join(', ')
  const counted = parts.map(
    ({ domain, concept }) =>
      `SELECT '${domain}' AS domain, ${concept} AS concept_id, sum(persons) AS persons FROM kinds GROUP BY ${concept}`,
  )
  return {
    text: `WITH kinds AS (
  SELECT ${columns}, count(*) AS persons
  FROM ${tableName(source, 'person')}
  GROUP BY ${columns}
), counted AS (
  ${counted.join('\n  UNION ALL\n  ')}
)
SELECT n.domain, c.concept_id, c.concept_name, CAST(n.persons AS bigint) AS persons
FROM counted n JOIN ${tableName(source, 'concept')} c ON c.concept_id = n.concept_id
WHERE n.persons >= ${placeholder(source, 1)}`,
    values: [threshold],
  }
}

function eventConcepts(
  source: CdmSource,
  { domain, concept, table }: TablePart,
  threshold: number,
): SqlStatement {
  // Not "select distinct pairs, then count": PostgreSQL hashes the pairs. When the estimate exceeded work_mem, that took
  // more than 10 minutes on 4 million rows. This form takes 1 minute.
  return {
    text: `SELECT '${domain}' AS domain, c.concept_id, c.concept_name, n.persons
FROM (
  SELECT ${concept} AS concept_id, count(DISTINCT person_id) AS persons
  FROM ${tableName(source, table.name)}
  GROUP BY ${concept}
  HAVING count(DISTINCT person_id) >= ${placeholder(source, 1)}
) n JOIN ${tableName(source, 'concept')} c ON c.concept_id = n.concept_id`,
    values: [threshold],
  }
}

function parseDomain(value: unknown): string {
  const domain = DOMAINS.find((known) => known === value)
  if (domain === undefined) throw new Error('the database returned an unknown domain')
  return domain
}
