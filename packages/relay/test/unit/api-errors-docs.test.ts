import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { API_ERRORS } from '../../src/index.ts'

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
const documented = page
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter((cells) => cells[1]?.startsWith('`RELAY_'))
  .map(([, code, status, retryable, title, action]) => ({
    code: code?.replaceAll('`', ''),
    status,
    retryable,
    title,
    action,
  }))

describe('docs/errors.md', () => {
  it('is equal to the catalogue', () => {
    const known = Object.entries(API_ERRORS).map(([code, entry]) => ({
      code,
      status: String(entry.status),
      retryable: entry.retryable ? 'yes' : 'no',
      title: entry.title,
      action: entry.action,
    }))
    expect(documented).toEqual(known)
  })

  it('has 5xx for errors that a bunny should retry, and 4xx for all others', () => {
    for (const [code, entry] of Object.entries(API_ERRORS)) {
      // Bunnies that know these two retry after them.
      if (code === 'RELAY_TOO_MANY_LOGINS' || code === 'RELAY_BODY_TOO_SLOW') continue
      expect({ code, retryable: entry.retryable }).toEqual({ code, retryable: entry.status >= 500 })
    }
  })
})
