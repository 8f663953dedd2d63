import { DuckDBInstance } from '@duckdb/node-api'
import { Client } from 'pg'
import { DuckDbSource } from '../../src/sources/duckdb-source.ts'

/**
 * Statements for a CDM without constraints, for PostgreSQL and DuckDB. `rows` are values of (person_id, gender, race,
 * year_of_birth).
 */
export interface UnevenData {
  readonly persons: readonly (readonly [
    id: number,
    gender: number | null,
    race: number | null,
    year: number | null,
  ])[]
  /** Values of (person_id, concept). */
  readonly conditions: readonly (readonly [id: number, concept: number])[]
  readonly concepts: readonly (readonly [id: number, name: string])[]
}

const EVENTS = [
  [
    'condition_occurrence',
    'condition_concept_id',
    'condition_start_date',
    'condition_type_concept_id',
  ],
  ['drug_exposure', 'drug_concept_id', 'drug_exposure_start_date', 'drug_type_concept_id'],
  ['procedure_occurrence', 'procedure_concept_id', 'procedure_date', 'procedure_type_concept_id'],
  ['measurement', 'measurement_concept_id', 'measurement_date', 'measurement_type_concept_id'],
  ['observation', 'observation_concept_id', 'observation_date', 'observation_type_concept_id'],
  ['specimen', 'specimen_concept_id', 'specimen_date', 'specimen_type_concept_id'],
  ['device_exposure', 'device_concept_id', 'device_exposure_start_date', 'device_type_concept_id'],
  ['visit_occurrence', 'visit_concept_id', 'visit_start_date', 'visit_type_concept_id'],
  ['death', 'cause_concept_id', 'death_date', 'death_type_concept_id'],
] as const

export const TABLES: readonly string[] = [
  'concept',
  'concept_relationship',
  'person',
  'location',
  ...EVENTS.map(([table]) => table),
]

export function createTables(schema: string): string[] {
  return [
    `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    `CREATE TABLE ${schema}.concept (concept_id integer, concept_name varchar(255), domain_id varchar(20),
      vocabulary_id varchar(20), concept_code varchar(50))`,
    `CREATE TABLE ${schema}.concept_relationship (concept_id_1 integer, concept_id_2 integer,
      relationship_id varchar(20), invalid_reason varchar(1))`,
    `CREATE TABLE ${schema}.location (location_id integer, latitude numeric, longitude numeric)`,
    `CREATE TABLE ${schema}.person (person_id bigint, gender_concept_id integer, race_concept_id integer,
      ethnicity_concept_id integer, year_of_birth integer, month_of_birth integer, day_of_birth integer,
      birth_datetime timestamp, location_id bigint)`,
    ...EVENTS.map(
      ([table, concept, date, type]) =>
        `CREATE TABLE ${schema}.${table} (person_id bigint, ${concept} integer, ${date} date,
        ${date.replace(/_date$/, '_datetime')} timestamp, ${date.replace(/start_date$|_date$/, (end) => (end === 'start_date' ? 'end_date' : '_end_date'))} date,
        ${type} integer, value_as_number numeric, unit_concept_id integer, unit_source_value varchar(50))`,
    ),
  ]
}

type Cell = string | number | null

function literal(value: Cell): string {
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value ?? 'NULL')
}

const list = (rows: readonly (readonly Cell[])[]): string =>
  rows.map((row) => `(${row.map(literal).join(', ')})`).join(', ')

/** Replaces the data in the tables. */
export function fillTables(schema: string, data: UnevenData): string[] {
  const insert = (into: string, rows: readonly (readonly Cell[])[]): string[] =>
    rows.length === 0 ? [] : [`INSERT INTO ${schema}.${into} VALUES ${list(rows)}`]
  return [
    ...TABLES.map((table) => `DELETE FROM ${schema}.${table}`),
    ...insert(
      'concept (concept_id, concept_name, domain_id)',
      data.concepts.map(([id, name]) => [id, name, 'Any']),
    ),
    ...insert(
      'person (person_id, gender_concept_id, race_concept_id, ethnicity_concept_id, year_of_birth)',
      data.persons.map(([id, gender, race, year]) => [id, gender, race, 0, year]),
    ),
    ...insert(
      'condition_occurrence (person_id, condition_concept_id, condition_start_date)',
      data.conditions.map(([id, concept]) => [id, concept, '2015-06-01']),
    ),
  ]
}

export const UNEVEN_SCHEMA = 'cdm'

export interface UnevenHospital extends AsyncDisposable {
  readonly source: DuckDbSource
  load(data: UnevenData): Promise<void>
  run(statement: string): Promise<void>
}

/** A CDM in a DuckDB database in memory. */
export async function unevenDuckDb(): Promise<UnevenHospital> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const run = async (statement: string): Promise<void> => void (await connection.run(statement))
  for (const statement of createTables(UNEVEN_SCHEMA)) await run(statement)
  const source = DuckDbSource.forInstance(instance, { schema: UNEVEN_SCHEMA })
  return {
    source,
    run,
    async load(data) {
      for (const statement of fillTables(UNEVEN_SCHEMA, data)) await run(statement)
    },
    async [Symbol.asyncDispose]() {
      await source[Symbol.asyncDispose]()
      connection.closeSync()
      instance.closeSync()
    },
  }
}

/** The same tables in the PostgreSQL database at `url`. */
export async function fillPostgres(url: string, data: UnevenData): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of [...createTables(UNEVEN_SCHEMA), ...fillTables(UNEVEN_SCHEMA, data)]) {
      await client.query(statement)
    }
  } finally {
    await client.end()
  }
}
