import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { scenarios } from '../../corpus/scenarios.ts'
import { collect } from '../../corpus/scenarios/collect.ts'
import {
  REPORT_VERSION,
  reportDocumentSchema,
  reportJsonSchema,
} from '../../src/document/report-document.ts'
import { exampleDocument } from '../fixtures/example-document.ts'
import { reportOf } from '../fixtures/report-of.ts'

type Described = z.core.JSONSchema.JSONSchema

/** Paths of members without a description. */
function undescribed(schema: Described, path: string): string[] {
  const members = Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    if (typeof member === 'boolean') return []
    const here = `${path}.${name}`
    const isDescribed = [member, ...branches(member)].some(
      ({ description }) => description !== undefined,
    )
    return [...(isDescribed ? [] : [here]), ...undescribed(member, here)]
  })
  return [...members, ...branches(schema).flatMap((branch) => undescribed(branch, path))]
}

function branches({ items, anyOf = [] }: Described): Described[] {
  const all = [...anyOf, ...(items === undefined ? [] : Array.isArray(items) ? items : [items])]
  return all.filter((branch) => typeof branch !== 'boolean')
}

describe('the report document', () => {
  it('accepts the example document of the renderer tests', () => {
    expect(reportDocumentSchema.parse(exampleDocument)).toEqual(exampleDocument)
  })
})

describe('its JSON Schema', () => {
  const schema = reportJsonSchema()

  it('describes every member', () => {
    expect(Object.keys(schema.properties ?? {})).toContain('findings')
    expect(undescribed(schema, 'document')).toEqual([])
  })

  it('rejects unknown members, and states what a new version may change', () => {
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false })
    expect(schema.description).toContain(`version ${REPORT_VERSION}. major.minor.`)
    expect(z.fromJSONSchema(schema).safeParse({ ...exampleDocument, more: 1 }).success).toBe(false)
  })

  it('accepts reports on different networks, none of which shows a collection ID', async () => {
    const reader = z.fromJSONSchema(schema)
    expect(reader.parse(exampleDocument)).toEqual(exampleDocument)
    const some = scenarios().filter(
      ({ group, logs }, index) =>
        group === 'missing source' || (index % 45 === 0 && logs.length > 2),
    )
    expect(some.length).toBeGreaterThan(8)
    for (const scenario of some) {
      const files = Object.fromEntries(collect(scenario).map(({ path, bytes }) => [path, bytes]))
      const report = await reportOf(files)
      expect(reader.safeParse(report).error?.issues ?? [], scenario.name).toEqual([])
      const text = JSON.stringify(report).toLowerCase()
      for (const { collection } of scenario.plan.clients) expect(text).not.toContain(collection)
    }
  }, 60_000)
})
