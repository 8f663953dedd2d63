import type { CdmSource, Row } from '@warren/bunny'
import { CLINICAL_TABLES, type CdmData, type ClinicalRow } from '@warren/cohort'

/**
 * A hospital's whole database in memory, in parts of a few people each: the evaluator looks at every row of a part for
 * every person in it.
 */
export async function readHospital(
  source: CdmSource,
  options: { coordinates: boolean },
): Promise<readonly CdmData[]> {
  const schema = source.schema === '' ? '' : `${source.schema}.`
  const read = (columns: readonly string[], table: string) =>
    source.query({ text: `select ${columns.join(', ')} from ${schema}${table}`, values: [] })

  const persons = (await read(PERSON_COLUMNS, 'person')).map((row) => ({
    person_id: Number(row['person_id']),
    gender_concept_id: numberOf(row['gender_concept_id']),
    race_concept_id: numberOf(row['race_concept_id']),
    ethnicity_concept_id: numberOf(row['ethnicity_concept_id']),
    year_of_birth: numberOf(row['year_of_birth']),
    month_of_birth: numberOf(row['month_of_birth']),
    location_id: numberOf(row['location_id']),
  }))
  const place = options.coordinates ? ['latitude', 'longitude'] : []
  const location = (await read(['location_id', ...place], 'location')).map((row) => ({
    location_id: Number(row['location_id']),
    latitude: numberOf(row['latitude']),
    longitude: numberOf(row['longitude']),
  }))

  const events = new Map<string, ReadonlyMap<number, readonly ClinicalRow[]>>()
  for (const { table, concept, date, value, type } of CLINICAL_TABLES) {
    const columns = ['person_id', concept, date, type, ...(value === null ? [] : [value])]
    events.set(table, byPerson(await read(columns, table)))
  }
  return chunks(persons, PERSONS_PER_PART).map((person) => ({
    person,
    location,
    ...Object.fromEntries(
      [...events].map(([table, rows]) => [
        table,
        person.flatMap(({ person_id: id }) => rows.get(id) ?? []),
      ]),
    ),
  }))
}

const PERSONS_PER_PART = 10
const PERSON_COLUMNS = [
  'person_id',
  'gender_concept_id',
  'race_concept_id',
  'ethnicity_concept_id',
  'year_of_birth',
  'month_of_birth',
  'location_id',
]

function byPerson(rows: readonly Row[]): ReadonlyMap<number, readonly ClinicalRow[]> {
  const grouped = Map.groupBy(rows, (row) => Number(row['person_id']))
  return new Map([...grouped].map(([person, own]) => [person, own.map((row) => clinicalRow(row))]))
}

function clinicalRow(row: Row): ClinicalRow {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      value === null || column.endsWith('_date') ? textOf(value) : numberOf(value),
    ]),
  )
}

function textOf(value: Row[string] | undefined): string | null {
  return value === null || value === undefined ? null : String(value)
}

function numberOf(value: Row[string] | undefined): number | null {
  return value === null || value === undefined ? null : Number(value)
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}
