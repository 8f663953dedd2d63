import { describe, expect, it } from 'vitest'
import {
  CDM_EVENT_TABLES,
  CDM_TABLES,
  CODE_PARTS,
  TABLE_SWITCHES,
  cdmTable,
} from '../../src/index.ts'

describe('the description of the CDM', () => {
  it('names only columns that exist, in facets, keys and indexes', () => {
    for (const { name, columns, key, indexes, event, parts } of CDM_TABLES) {
      const known = new Set(columns.map((column) => column.name))
      const { categories: _, separate: __, ...facet } = event ?? { categories: [], separate: false }
      const named = [
        ...(key === undefined ? [] : [key]),
        ...indexes.flatMap((index) => index.columns),
        ...Object.values(facet).filter((column) => column !== null),
        ...parts.map(({ concept }) => concept),
      ]
      for (const column of named) expect(known, `${name}.${column}`).toContain(column)
    }
  })

  it('gives each event table columns of the types that rules compare with', () => {
    for (const { event, columns } of CDM_EVENT_TABLES) {
      const typeOf = (column: string | null) => columns.find(({ name }) => name === column)?.type
      expect(typeOf(event.concept)).toBe('concept')
      expect(typeOf(event.type)).toBe('concept')
      expect(typeOf(event.date)).toBe('date')
      expect([undefined, 'timestamp']).toContain(typeOf(event.datetime))
      expect([undefined, 'date']).toContain(typeOf(event.endDate))
      expect([undefined, 'timestamp']).toContain(typeOf(event.endDatetime))
      expect([undefined, 'number']).toContain(typeOf(event.value))
      expect([undefined, 'concept']).toContain(typeOf(event.unit))
      expect([undefined, 'text']).toContain(typeOf(event.unitText))
    }
  })

  it('has one category, one index and one part of a distribution per domain', () => {
    const categories = CDM_EVENT_TABLES.flatMap(({ event }) => event.categories)
    expect(new Set(categories).size).toBe(categories.length)
    const positions = CODE_PARTS.map(({ position }) => position)
    expect(new Set(positions).size).toBe(positions.length)
    const indexes = CDM_TABLES.flatMap((table) => table.indexes.map(({ name }) => name))
    expect(new Set(indexes).size).toBe(indexes.length)
  })

  it('keeps the order of distributions that the Python bunny has, and adds new domains after it', () => {
    expect(CODE_PARTS.map(({ domain }) => domain)).toEqual([
      'Condition',
      'Ethnicity',
      'Drug',
      'Gender',
      'Race',
      'Measurement',
      'Observation',
      'Procedure',
      'Specimen',
      'Device',
      'Visit',
      'Death',
    ])
  })

  it('finds a table by its name, and lists what a site can switch on', () => {
    expect(cdmTable('measurement')?.event?.unit).toBe('unit_concept_id')
    expect(cdmTable('no_such_table')).toBeUndefined()
    expect([...TABLE_SWITCHES].sort()).toEqual(['death', 'device', 'location', 'specimen', 'visit'])
  })
})
