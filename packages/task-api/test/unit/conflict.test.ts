import { describe, expect, it } from 'vitest'
import { conflictBody } from '../../src/index.ts'

describe('conflictBody', () => {
  it('writes the time like existing servers: UTC, month first', () => {
    expect(conflictBody(new Date('2026-02-03T10:15:42.999Z'))).toEqual({
      status: 'CONFLICT',
      timestamp: '02-03-2026 10:15:42',
      message: 'Job file already uploaded',
      debugMessage: 'Job file already uploaded',
    })
  })
})
