import { describe, expect, it } from 'vitest'
import { API_ERRORS } from '../../src/index.ts'

// Bunnies that know these statuses retry after them.
const RETRYABLE_4XX = new Set(['RELAY_TOO_MANY_LOGINS', 'RELAY_BODY_TOO_SLOW'])

describe('the errors of the API', () => {
  it('have 5xx if a bunny should retry, and 4xx if it should not', () => {
    for (const [code, { status, retryable }] of Object.entries(API_ERRORS)) {
      const expected = status >= 500 || RETRYABLE_4XX.has(code)
      expect({ code, retryable }).toEqual({ code, retryable: expected })
    }
  })
})
