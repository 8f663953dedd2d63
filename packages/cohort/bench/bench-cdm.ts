import { CLINICAL_TABLES } from '../src/index.ts'

/** Rows per person, and the first concept of the table: 500 concepts follow, the first of them frequent. */
const TABLES: {
  readonly [table: string]: { readonly rows: number; readonly firstConcept: number }
} = {
  measurement: { rows: 6, firstConcept: 1 },
  observation: { rows: 2, firstConcept: 1001 },
  condition_occurrence: { rows: 3, firstConcept: 2001 },
  drug_exposure: { rows: 3, firstConcept: 3001 },
  procedure_occurrence: { rows: 2, firstConcept: 4001 },
  specimen: { rows: 0.5, firstConcept: 5001 },
}

/** Fills an empty PostgreSQL database with a CDM of `persons` people, with the indexes of the CDM. */
export function benchCdmSql(persons: number): readonly string[] {
  return [
    'select setseed(0.5)',
    `create table person as select i as person_id,
       case when i % 2 = 0 then 8507 else 8532 end as gender_concept_id,
       8527 as race_concept_id, 0 as ethnicity_concept_id,
       1930 + (random() * 90)::int as year_of_birth, 1 + i % 12 as month_of_birth,
       null::int as location_id
     from generate_series(1, ${persons}) i`,
    'alter table person add primary key (person_id)',
    ...CLINICAL_TABLES.flatMap(({ table, concept, date, type, value }) => {
      const { rows, firstConcept } = TABLES[table] ?? { rows: 0, firstConcept: 0 }
      return [
        `create table ${table} as select (1 + random() * ${persons - 1})::int as person_id,
           (${firstConcept} + floor(power(random(), 4) * 500))::int as ${concept},
           date '2000-01-01' + (random() * 9000)::int as ${date}, 32020 as ${type}
           ${value === null ? '' : `, (random() * 100)::numeric(8, 2) as ${value}`}
         from generate_series(1, ${Math.round(rows * persons)})`,
        `create index on ${table} (person_id)`,
        `create index on ${table} (${concept})`,
      ]
    }),
    'vacuum analyze',
  ]
}
