import { TABLE_SWITCHES } from '@warren/cdm'
import { CLINICAL_TABLES } from '@warren/cohort'
import { describe, expect, it } from 'vitest'

import {
  checkCatalogue,
  requiredTables,
  type Catalogue,
  type CatalogueTable,
} from '../../src/sources/cdm-check.ts'

const EVERYTHING = Object.fromEntries(TABLE_SWITCHES.map((table) => [table, true]))

/** A valid catalogue, with some tables changed or (`null`) removed. */
function catalogue(changes: Record<string, Partial<CatalogueTable> | null> = {}): Catalogue {
  const tables = new Map<string, CatalogueTable>()
  for (const { name, columns, lookup } of requiredTables(EVERYTHING)) {
    const change = changes[name]
    if (change === null) continue
    tables.set(name, {
      name,
      spelling: name,
      isView: false,
      columns: new Map(
        columns.map((column) => [
          column.name,
          { family: column.family, type: column.family, readable: true },
        ]),
      ),
      indexedColumns: new Set(lookup === undefined ? [] : [lookup]),
      hasRows: true,
      ...change,
    })
  }
  return { schema: 'cdm', tables, otherCdmSchemas: [] }
}

function problemsWithout(table: string, column: string) {
  const columns = new Map(catalogue().tables.get(table)?.columns)
  columns.delete(column)
  return checkCatalogue(catalogue({ [table]: { columns } }), EVERYTHING)
}

describe('checking a CDM', () => {
  it('finds no problem in a complete CDM', () => {
    expect(checkCatalogue(catalogue(), EVERYTHING)).toEqual([])
  })

  it('requires procedure_occurrence, which all tasks read', () => {
    const [problem] = checkCatalogue(catalogue({ procedure_occurrence: null }), {})
    expect(problem).toMatchObject({ severity: 'error', code: 'missing-table' })
    expect(problem?.message).toContain('procedure_occurrence')
  })

  it('requires optional tables only if they are enabled', () => {
    const tables = ['location', 'visit_occurrence', 'specimen', 'device_exposure', 'death']
    const without = catalogue(Object.fromEntries(tables.map((table) => [table, null])))
    expect(checkCatalogue(without, {})).toEqual([])
    const problems = checkCatalogue(without, EVERYTHING)
    expect(problems.map(({ table }) => table)).toEqual(tables)
    expect(problems[0]?.hint).toContain('OMOP_LOCATION_ENABLED')
    expect(problems[4]?.hint).toContain('OMOP_DEATH_ENABLED')
  })

  it('names the schema that has a CDM', () => {
    const elsewhere: Catalogue = { schema: '', tables: new Map(), otherCdmSchemas: ['omop'] }
    const problems = checkCatalogue(elsewhere, {})
    expect(problems.every(({ hint }) => hint.includes('omop'))).toBe(true)
    expect(problems[0]?.hint).toContain('DATASOURCE_DB_SCHEMA=omop:')
    const named = checkCatalogue({ ...elsewhere, otherCdmSchemas: ['OMOP Cdm'] }, {})
    expect(named[0]?.hint).toContain("DATASOURCE_DB_SCHEMA='OMOP Cdm':")
  })

  it('reports each missing column, and since which CDM version there are coordinates', () => {
    const { tables } = catalogue()
    const columns = new Map(tables.get('location')?.columns)
    columns.delete('latitude')
    const problems = checkCatalogue(catalogue({ location: { columns } }), EVERYTHING)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ code: 'missing-column', column: 'latitude' })
    expect(problems[0]?.hint).toContain('5.4')
  })

  it('requires person.location_id only for locations', () => {
    const columns = new Map(catalogue().tables.get('person')?.columns)
    columns.delete('location_id')
    const broken = catalogue({ person: { columns } })
    expect(checkCatalogue(broken, {})).toEqual([])
    expect(checkCatalogue(broken, EVERYTHING)).toMatchObject([{ column: 'location_id' }])
  })

  it('reports a column that cannot be read, and one with a wrong type', () => {
    const columns = new Map(catalogue().tables.get('measurement')?.columns)
    columns.set('value_as_number', { family: 'number', type: 'numeric', readable: false })
    columns.set('measurement_date', { family: 'text', type: 'varchar', readable: true })
    const problems = checkCatalogue(catalogue({ measurement: { columns } }), {})
    expect(problems.map(({ code }) => code)).toEqual(['no-privilege', 'wrong-type'])
    expect(problems[0]?.hint).toContain('GRANT SELECT ON cdm.measurement')
  })

  it('reports missing privileges once, with the statements to paste', () => {
    const denied = (table: string) => ({
      columns: new Map(
        [...(catalogue().tables.get(table)?.columns ?? [])].map(([name, column]) => [
          name,
          { ...column, readable: false },
        ]),
      ),
    })
    const problems = checkCatalogue(
      {
        ...catalogue({ person: denied('person'), drug_exposure: denied('drug_exposure') }),
        schema: 'OMOP Cdm',
        user: 'Data Reader',
      },
      {},
    )
    expect(problems).toMatchObject([
      {
        severity: 'error',
        message: 'the database user cannot read 2 tables: person, drug_exposure',
        hint: 'GRANT USAGE ON SCHEMA "OMOP Cdm" TO "Data Reader"; GRANT SELECT ON "OMOP Cdm".person, "OMOP Cdm".drug_exposure TO "Data Reader"',
      },
    ])
  })

  it('quotes the schema in the statement for an index', () => {
    const bare = { indexedColumns: new Set<string>() }
    const [problem] = checkCatalogue({ ...catalogue({ concept: bare }), schema: 'OMOP Cdm' }, {})
    expect(problem?.hint).toBe('CREATE INDEX CONCURRENTLY ON "OMOP Cdm".concept (concept_id)')
  })

  it('reports all missing tables as one problem', () => {
    const problems = checkCatalogue({ schema: 'cdm', tables: new Map(), otherCdmSchemas: [] }, {})
    expect(problems).toMatchObject([{ severity: 'error', code: 'missing-table' }])
    expect(problems[0]?.message).toContain('concept, person, condition_occurrence')
  })

  it('warns about a column that only a few tasks read, and names them', () => {
    for (const { table, type } of CLINICAL_TABLES) {
      const [problem, ...others] = problemsWithout(table, type)
      expect(problem).toMatchObject({ severity: 'warning', code: 'missing-column', column: type })
      expect(problem?.message).toContain('secondary_modifier')
      expect(others).toEqual([])
    }
    const [month] = problemsWithout('person', 'month_of_birth')
    expect(month).toMatchObject({ severity: 'warning', column: 'month_of_birth' })
    expect(month?.message).toContain('months')
  })

  it('requires all columns that tasks read from events', () => {
    const required = new Map(
      requiredTables(EVERYTHING).map(({ name, columns }) => [name, columns.map((one) => one.name)]),
    )
    for (const { table, person, concept, date, value, type } of CLINICAL_TABLES) {
      const read = [person, concept, date, type, ...(value === null ? [] : [value])]
      expect(required.get(table)).toEqual(expect.arrayContaining(read))
    }
  })

  it('warns about a table without an index on its concept, but not about a view', () => {
    const bare = { indexedColumns: new Set<string>() }
    expect(checkCatalogue(catalogue({ drug_exposure: bare }), {})).toMatchObject([
      { severity: 'warning', code: 'missing-index', column: 'drug_concept_id' },
    ])
    expect(checkCatalogue(catalogue({ drug_exposure: { ...bare, isView: true } }), {})).toEqual([])
  })

  it('requires no index if the engine has none', () => {
    expect(checkCatalogue(catalogue({ observation: { indexedColumns: null } }), {})).toEqual([])
  })

  it('warns about an empty person table and an empty vocabulary', () => {
    const problems = checkCatalogue(
      catalogue({ person: { hasRows: false }, concept: { hasRows: false } }),
      {},
    )
    expect(problems.map(({ code, table }) => [code, table])).toEqual([
      ['empty-table', 'concept'],
      ['empty-table', 'person'],
    ])
  })

  it('distinguishes a table in capital letters from a missing one', () => {
    const [problem] = checkCatalogue(catalogue({ person: { spelling: 'PERSON' } }), {})
    expect(problem?.message).toContain('"PERSON"')
  })
})
