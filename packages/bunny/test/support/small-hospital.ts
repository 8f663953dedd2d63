import { DuckDBInstance } from '@duckdb/node-api'
import { Client } from 'pg'
import { DuckDbSource } from '../../src/sources/duckdb-source.ts'

/** The concept IDs of the hospital below, by meaning. */
export const CONCEPT = {
  male: 8507,
  female: 8532,
  otherGender: 8551,
  white: 8527,
  hispanic: 38003563,
  /** 25 people, one of them twice. */
  cough: 254761,
  /** 12 people. */
  asthma: 317009,
  /** 4 people. */
  rare: 4242,
  /** 11 people, all with the value 2. */
  test: 3004249,
  /** 30 people, as a specimen. */
  blood: 4001225,
} as const

const NAMES: readonly (readonly [number, string])[] = [
  [CONCEPT.male, 'MALE'],
  [CONCEPT.female, 'FEMALE'],
  [CONCEPT.otherGender, 'OTHER'],
  [CONCEPT.white, 'White'],
  [CONCEPT.hispanic, 'Hispanic or Latino'],
  [CONCEPT.cough, 'Cough'],
  [CONCEPT.asthma, 'Asthma\tunspecified'],
  [CONCEPT.rare, 'Rare disease'],
  [CONCEPT.test, 'Test'],
  [CONCEPT.blood, 'Blood'],
]

const EVENTS = [
  ['condition_occurrence', 'condition', 'condition_start_date', ''],
  ['drug_exposure', 'drug', 'drug_exposure_start_date', ''],
  ['procedure_occurrence', 'procedure', 'procedure_date', ''],
  ['measurement', 'measurement', 'measurement_date', ', value_as_number numeric'],
  ['observation', 'observation', 'observation_date', ', value_as_number numeric'],
  ['specimen', 'specimen', 'specimen_date', ''],
] as const

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

/**
 * A hospital of 60 people: 32 men (1–32), 25 women (33–57) and 3 of another gender (58–60), born 1950 to 2009. The
 * statements work in both PostgreSQL and DuckDB.
 */
function smallHospital(schema = ''): string[] {
  const quotedSchema = `"${schema.replaceAll('"', '""')}"`
  const at = (table: string): string => (schema === '' ? table : `${quotedSchema}.${table}`)
  const persons = range(1, 60).map((id) => {
    const gender = id <= 32 ? CONCEPT.male : id <= 57 ? CONCEPT.female : CONCEPT.otherGender
    const ethnicity = id <= 15 ? CONCEPT.hispanic : 0
    return `(${[id, gender, 1949 + id, CONCEPT.white, ethnicity, 'NULL'].join(', ')})`
  })
  const conditions = [
    ...range(1, 25).map((id) => [id, CONCEPT.cough]),
    [1, CONCEPT.cough],
    ...range(20, 31).map((id) => [id, CONCEPT.asthma]),
    ...range(57, 60).map((id) => [id, CONCEPT.rare]),
  ]
  const concepts = NAMES.map(([id, name]) => `(${String(id)}, '${name}', 'Any')`)
  return [
    ...(schema === '' ? [] : [`CREATE SCHEMA ${quotedSchema}`]),
    `CREATE TABLE ${at('concept')} (concept_id integer, concept_name varchar(255), domain_id varchar(20))`,
    `INSERT INTO ${at('concept')} VALUES ${concepts.join(', ')}`,
    `CREATE TABLE ${at('person')} (person_id integer, gender_concept_id integer, year_of_birth integer, race_concept_id integer, ethnicity_concept_id integer, location_id integer, month_of_birth integer DEFAULT 6)`,
    `INSERT INTO ${at('person')} (person_id, gender_concept_id, year_of_birth, race_concept_id, ethnicity_concept_id, location_id) VALUES ${persons.join(', ')}`,
    `CREATE TABLE ${at('location')} (location_id integer, latitude numeric, longitude numeric)`,
    ...EVENTS.map(
      ([table, name, date, more]) =>
        `CREATE TABLE ${at(table)} (${table}_id integer, person_id integer, ${name}_concept_id integer, ${date} date, ${name}_type_concept_id integer${more})`,
    ),
    `INSERT INTO ${at('condition_occurrence')} VALUES ${conditions
      .map(
        ([id, concept], index) => `(${String(index)}, ${id}, ${concept}, DATE '2015-06-01', 32020)`,
      )
      .join(', ')}`,
    `INSERT INTO ${at('measurement')} VALUES ${range(10, 20)
      .map((id) => `(${String(id)}, ${String(id)}, ${CONCEPT.test}, DATE '2016-01-01', 32020, 2)`)
      .join(', ')}`,
    `INSERT INTO ${at('specimen')} VALUES ${range(1, 30)
      .map((id) => `(${String(id)}, ${String(id)}, ${CONCEPT.blood}, DATE '2017-01-01', 32020)`)
      .join(', ')}`,
  ]
}

/** The hospital in a DuckDB database in memory. */
export async function duckDbHospital(): Promise<{
  source: DuckDbSource
  instance: DuckDBInstance
}> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  for (const statement of smallHospital()) await connection.run(statement)
  connection.closeSync()
  return { source: DuckDbSource.forInstance(instance), instance }
}

/** The hospital in a DuckDB file. */
export async function duckDbHospitalFile(path: string): Promise<void> {
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  for (const statement of smallHospital()) await connection.run(statement)
  connection.closeSync()
  instance.closeSync()
}

/** The hospital in the PostgreSQL database at `url`, in `schema`. */
export async function postgresHospital(url: string, schema: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of smallHospital(schema)) await client.query(statement)
  } finally {
    await client.end()
  }
}
