import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { JsonGuard, JsonLimitError, parseBoundedJson, type JsonLimits } from '../../src/index.ts'

const LIMITS: JsonLimits = {
  maxBytes: 40_000_000,
  maxDepth: 32,
  maxValues: 1_000,
  maxNumberLength: 40,
}

function guard(text: string | Buffer, chunkBytes = 65_536, limits = LIMITS): string {
  const bytes = Buffer.from(text)
  const reader = new JsonGuard(limits)
  try {
    for (let at = 0; at < bytes.length; at += chunkBytes)
      reader.push(bytes.subarray(at, at + chunkBytes))
    return 'accepted'
  } catch (error: unknown) {
    if (error instanceof JsonLimitError) return error.limit
    throw error
  }
}

function valuesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return 1 + Object.values(value).reduce((sum: number, child) => sum + valuesIn(child), 0)
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map((child) => depthOf(child)))
}

describe('JsonGuard', () => {
  it.each([
    ['numbers', `[${'0,'.repeat(1_000)}0]`, 'values'],
    ['nested arrays', '['.repeat(33), 'depth'],
    ['objects', `[${'{},'.repeat(1_000)}{}]`, 'values'],
    ['nested empty objects', '{"a":'.repeat(33), 'depth'],
    ['empty strings', `[${'"",'.repeat(1_000)}""]`, 'values'],
    ['members', `{${Array.from({ length: 1_001 }, (_, n) => `"${n}":1`).join(',')}}`, 'values'],
    ['digits', '9'.repeat(41), 'number length'],
    ['letters outside a string', 'x'.repeat(41), 'number length'],
    ['strings without commas', '""'.repeat(2_001), 'values'],
    ['one string', JSON.stringify({ file: 'x'.repeat(1_000_000) }), 'accepted'],
    ['quotes and brackets in a string', JSON.stringify('"[[{{,,\\'.repeat(10_000)), 'accepted'],
  ])('measures %s', (_, text, verdict) => {
    expect(guard(text)).toBe(verdict)
    expect(guard(text, 1)).toBe(verdict)
  })

  it('stops at the first byte beyond the size limit', () => {
    expect(guard('"abc"', 1, { ...LIMITS, maxBytes: 4 })).toBe('bytes')
  })

  it('gives the same result for any chunks, and never less than the parsed value has', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 6 }),
        fc.integer({ min: 1, max: 7 }),
        (value, chunkBytes) => {
          const text = JSON.stringify(value)
          const depth = depthOf(value)
          const values = valuesIn(value)
          expect(guard(text, chunkBytes)).toBe(guard(text))
          expect(
            guard(text, chunkBytes, { ...LIMITS, maxDepth: depth, maxValues: 2 * values + 1 }),
          ).toBe('accepted')
          if (depth > 0)
            expect(guard(text, chunkBytes, { ...LIMITS, maxDepth: depth - 1 })).toBe('depth')
          if (values > 1)
            expect(guard(text, chunkBytes, { ...LIMITS, maxValues: values - 1 })).not.toBe(
              'accepted',
            )
        },
      ),
    )
  })

  it('accepts a byte order mark, and includes no content in its errors', () => {
    expect(parseBoundedJson(Buffer.from('\uFEFF{"a":[1]}'), LIMITS)).toEqual({ a: [1] })
    const secret = `["SECRET"${',0'.repeat(1_001)}]`
    expect(() => parseBoundedJson(Buffer.from(secret), LIMITS)).toThrow(/^more than 1000 values$/)
  })

  it('takes seconds of the processor at most for 30 MB of any content', { timeout: 60_000 }, () => {
    const limits = {
      ...LIMITS,
      maxValues: Number.MAX_SAFE_INTEGER,
      maxDepth: Number.MAX_SAFE_INTEGER,
    }
    const size = 30 * 1024 * 1024
    for (const unit of ['0,', '{},', '"",', '[', '\\"', '"\\\\"', 'a']) {
      const bytes = Buffer.alloc(size, unit)
      const before = process.threadCpuUsage()
      guard(bytes, 65_536, { ...limits, maxNumberLength: size })
      const { user, system } = process.threadCpuUsage(before)
      expect((user + system) / 1_000).toBeLessThan(4_000)
    }
  })
})
