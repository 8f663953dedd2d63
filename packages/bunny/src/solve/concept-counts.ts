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

/** How many persons have a concept: a true count, which must not leave before it is disclosed. */
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
 * Counts persons per concept in every domain, those with at least `threshold` persons. One statement a table, one
 * after the other: a distribution may take long, and must not take all of the database.
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

/** Gender, race and ethnicity from one reading of `person`, whose key is `person_id`. */
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
  // Not "select distinct pairs, then count": PostgreSQL hashes those, and where its estimate exceeds work_mem that took
  // more than ten minutes on 4 million rows that this form counts in one.
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
  if (domain === undefined) throw new Error('the database named a domain that was not asked for')
  return domain
}
