import { describe, expect, it } from 'vitest'

import { newRequestId, newUuid } from '../../src/index.ts'

describe('newUuid', () => {
  it('is a UUID of version 7 that starts with the time', () => {
    const time = Date.UTC(2040, 0, 1)
    const uuid = newUuid(() => time)
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(Number.parseInt(uuid.replaceAll('-', '').slice(0, 12), 16)).toBe(time)
  })

  it('sorts in the order of creation, within a millisecond and when the clock is set back', () => {
    const time = Date.UTC(2041, 0, 1)
    const made = Array.from({ length: 20_000 }, (_, index) => newUuid(() => time - (index % 3)))
    expect(made).toEqual(made.toSorted())
    expect(new Set(made).size).toBe(made.length)
  })
})

describe('newRequestId', () => {
  it('is 16 hexadecimal digits, different each time', () => {
    expect(newRequestId()).toMatch(/^[0-9a-f]{16}$/)
    expect(newRequestId()).not.toBe(newRequestId())
  })
})
