import { describe, expect, it } from 'vitest'
import { reportDocumentSchema, reportJsonSchema } from '../../src/document/report-document.ts'
import { exampleDocument } from '../fixtures/example-document.ts'

describe('the report document', () => {
  it('accepts the example the renderers are developed with', () => {
    expect(reportDocumentSchema.parse(exampleDocument)).toEqual(exampleDocument)
  })

  it('has a JSON Schema that names its members and forbids others', () => {
    expect(reportJsonSchema()).toMatchObject({
      type: 'object',
      additionalProperties: false,
      properties: { document: { const: 'warren-report' }, findings: { type: 'array' } },
    })
  })
})
