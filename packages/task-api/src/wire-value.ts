import { z } from 'zod'

/**
 * What real parties send for a text: a string, a number (task ids, concept ids), or null / nothing
 * for "not given". Not given becomes `fallback`, and so does "" where `blankIsAbsent`.
 */
export function wireText(fallback: string, { blankIsAbsent = false } = {}): z.ZodType<string> {
  return z
    .unknown()
    .optional()
    .transform((value, context) => {
      if (value === undefined || value === null) return fallback
      if (typeof value === 'number') return String(value)
      if (typeof value !== 'string') {
        context.addIssue(`expected a text or a number, got ${typeName(value)}`)
        return z.NEVER
      }
      return blankIsAbsent && value.trim() === '' ? fallback : value
    })
}

const INTEGER = /^[+-]?\d+(?:\.0*)?$/

/** Integers travel as numbers, as text, and as `44.0` from dataframe tools. Undefined if it is none. */
export function parseInteger(value: unknown): number | undefined {
  if (typeof value === 'string' && !INTEGER.test(value.trim())) return undefined
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const number = Number(value)
  // -0 would travel as "0" in one direction only.
  return Number.isSafeInteger(number) ? number + 0 : undefined
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** A finite decimal from a number or its text. Undefined if it is none (hex, blanks and Infinity are none). */
export function parseDecimal(value: unknown): number | undefined {
  if (typeof value === 'string' && !DECIMAL.test(value.trim())) return undefined
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number + 0 : undefined
}

/** A JSON type in words, never the value itself: it may be somebody's data. */
export function typeName(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return `a ${typeof value}`
}

/** zod's path in the form people write it: `queryResult.files[0].file_name`. */
export function jsonPath(base: string, path: readonly PropertyKey[]): string {
  let text = base
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else text += text === '' ? String(step) : `.${String(step)}`
  }
  return text
}
