import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { TaskTemplate } from '../../src/index.ts'

const to = { uuid: 'new', collection: 'node', owner: 'me' }
const addressed = (raw: object): object => JSON.parse(new TaskTemplate({ ...raw }).addressedTo(to))

describe('TaskTemplate', () => {
  it('replaces the address and keeps every other member, in its place', () => {
    const raw = {
      owner: 'o',
      cohort: { uuid: 'inner', owner: ['collection'] },
      uuid: 'u',
      collection: 'c',
      protocol_version: 'v2',
      char_salt: 's',
      future: { a: [1] },
    }
    expect(addressed(raw)).toEqual({ ...raw, ...to })
    expect(Object.keys(addressed(raw))).toEqual(Object.keys(raw))
  })

  it('adds the members that the Python bunny requires in an availability task', () => {
    expect(addressed({ uuid: 'u', cohort: {}, char_salt: 7 })).toEqual({
      ...to,
      cohort: {},
      protocol_version: 'v2',
      char_salt: '7',
    })
  })

  it('adds nothing to a distribution task', () => {
    const raw = { analysis: 'DISTRIBUTION', code: 'GENERIC' }
    expect(addressed(raw)).toEqual({ ...raw, ...to })
  })

  it('inserts any text, for one node after the other', () => {
    const raw = { uuid: 'u', analysis: 'DISTRIBUTION', code: 'GENERIC' }
    const template = new TaskTemplate(raw)
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string(),
        fc.string(),
        (uuid, collection, owner) => {
          const target = { uuid, collection, owner }
          expect(JSON.parse(template.addressedTo(target))).toEqual({ ...raw, ...target })
        },
      ),
    )
  })
})
