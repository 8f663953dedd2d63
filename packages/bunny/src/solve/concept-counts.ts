import { CLINICAL_TABLES } from '@warren/cohort'
import type { CdmSource, SqlStatement } from '../sources/cdm-source.ts'
import { runQuery, parseCount } from './run-query.ts'
import type { SolveContext } from './solve-context.ts'
import { tableName } from './table-name.ts'

/** The parts of a code distribution, in the order of its rows. */
export const DOMAINS = [
  'Condition',
  'Ethnicity',
  'Drug',
  'Gender',
  'Race',
  'Measurement',
  'Observation',
  'Procedure',
  'Specimen',
] as const

export type Domain = (typeof DOMAINS)[number]

/** How many people have a concept: a true count, which must not leave the site before `disclose`. */
export interface ConceptCount {
  readonly domain: Domain
  readonly conceptId: number
  readonly name: string
  readonly persons: number
}

type EventDomain = Exclude<Domain, 'Ethnicity' | 'Gender' | 'Race'>

const TABLES: Readonly<Record<EventDomain, string>> = {
  Condition: 'condition_occurrence',
  Drug: 'drug_exposure',
  Measurement: 'measurement',
  Observation: 'observation',
  Procedure: 'procedure_occurrence',
  Specimen: 'specimen',
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
  for (const [domain, table] of Object.entries(TABLES)) {
    if (domain === 'Specimen' && !omop.specimen) continue
    await read(eventConcepts(source, { domain, table, threshold: policy.threshold }))
  }
  return counts.toSorted(
    (a, b) => DOMAINS.indexOf(a.domain) - DOMAINS.indexOf(b.domain) || a.conceptId - b.conceptId,
  )
}

/** Gender, race and ethnicity in one scan of `person`, which has one row per person. */
function personConcepts(source: CdmSource, threshold: number): SqlStatement {
  return {
    text: `WITH kinds AS (
  SELECT gender_concept_id, race_concept_id, ethnicity_concept_id, count(*) AS persons
  FROM ${tableName(source, 'person')}
  GROUP BY gender_concept_id, race_concept_id, ethnicity_concept_id
), counted AS (
  SELECT 'Ethnicity' AS domain, ethnicity_concept_id AS concept_id, sum(persons) AS persons FROM kinds GROUP BY ethnicity_concept_id
  UNION ALL
  SELECT 'Gender', gender_concept_id, sum(persons) FROM kinds GROUP BY gender_concept_id
  UNION ALL
  SELECT 'Race', race_concept_id, sum(persons) FROM kinds GROUP BY race_concept_id
)
SELECT n.domain, c.concept_id, c.concept_name, CAST(n.persons AS bigint) AS persons
FROM counted n JOIN ${tableName(source, 'concept')} c ON c.concept_id = n.concept_id
WHERE n.persons >= $1`,
    values: [threshold],
  }
}

function eventConcepts(
  source: CdmSource,
  options: { domain: string; table: string; threshold: number },
): SqlStatement {
  const { domain, table, threshold } = options
  const columns = CLINICAL_TABLES.find((known) => known.table === table)
  if (columns === undefined) throw new Error(`no clinical table ${table}`)
  // Not "select distinct pairs, then count": PostgreSQL hashes the pairs. When the estimate exceeded work_mem, that took
  // more than 10 minutes on 4 million rows. This form takes 1 minute.
  return {
    text: `SELECT '${domain}' AS domain, c.concept_id, c.concept_name, n.persons
FROM (
  SELECT ${columns.concept} AS concept_id, count(DISTINCT person_id) AS persons
  FROM ${tableName(source, table)}
  GROUP BY ${columns.concept}
  HAVING count(DISTINCT person_id) >= $1
) n JOIN ${tableName(source, 'concept')} c ON c.concept_id = n.concept_id`,
    values: [threshold],
  }
}

function parseDomain(value: unknown): Domain {
  const domain = DOMAINS.find((known) => known === value)
  if (domain === undefined) throw new Error('the database returned an unknown domain')
  return domain
}
