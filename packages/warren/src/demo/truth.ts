import { compileCohort, parseCohort } from '@warren/cohort'
import type { CdmSource } from '@warren/bunny'
import { parseTask, type JsonObject } from '@warren/task-api'

import type { HospitalDatabase } from './network.ts'

/**
 * The unsuppressed result of one hospital: people for an availability task, the concepts in use for a code
 * distribution. Undefined if the hospital cannot answer.
 */
export interface Truth {
  readonly persons?: number
  readonly concepts?: ReadonlySet<number>
}

const CONCEPT_COLUMNS: readonly (readonly [table: string, column: string])[] = [
  ['person', 'gender_concept_id'],
  ['person', 'race_concept_id'],
  ['person', 'ethnicity_concept_id'],
  ['condition_occurrence', 'condition_concept_id'],
  ['drug_exposure', 'drug_concept_id'],
  ['measurement', 'measurement_concept_id'],
  ['observation', 'observation_concept_id'],
  ['procedure_occurrence', 'procedure_concept_id'],
  ['specimen', 'specimen_concept_id'],
]

/** Queries a hospital's database directly, which no program of the network may do. */
export async function truthAt(
  { hospital, source }: HospitalDatabase,
  task: JsonObject,
  now: Date,
): Promise<Truth> {
  const options = { specimen: true, location: hospital.cdm === '5.4' }
  if (task['code'] === 'GENERIC') return { concepts: await conceptsAt(source) }
  if (task['code'] === 'DEMOGRAPHICS') return {}

  const parsed = parseTask({ uuid: 'truth', collection: '', owner: '', ...task })
  if (parsed.kind !== 'availability') return {}
  const cohort = parseCohort(parsed.cohort, options)
  if (!cohort.ok) return {}
  const statement = compileCohort(cohort.cohort, {
    dialect: source.dialect,
    schema: source.schema,
    now,
    options,
  })
  const [row] = await source.query(statement)
  return { persons: Number(row?.['persons']) }
}

async function conceptsAt(source: CdmSource): Promise<ReadonlySet<number>> {
  const used = CONCEPT_COLUMNS.map(
    ([table, column]) => `select ${column} as concept_id from ${inSchema(source, table)}`,
  ).join(' union ')
  const rows = await source.query({
    text: `select c.concept_id from ${inSchema(source, 'concept')} c where c.concept_id in (${used})`,
    values: [],
  })
  return new Set(rows.map((row) => Number(row['concept_id'])))
}

function inSchema({ schema }: CdmSource, table: string): string {
  return schema === '' ? table : `${schema}.${table}`
}
