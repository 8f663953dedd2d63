import { z } from 'zod'

/**
 * Reads a text. Existing programs send a string, a number (task IDs, concept IDs), or null or nothing for an
 * absent value. An absent value becomes `fallback`, and so does "" if `blankIsAbsent`.
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

/** Reads an integer, which may be a number, a text, or `44.0` from dataframe tools. Undefined if invalid. */
export function parseInteger(value: unknown): number | undefined {
  if (typeof value === 'string' && !INTEGER.test(value.trim())) return undefined
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const number = Number(value)
  // Adding 0 turns -0 into 0, because JSON writes both as "0".
  return Number.isSafeInteger(number) ? number + 0 : undefined
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** Reads a finite decimal from a number or its text. Undefined if invalid (hex, blank, Infinity). */
export function parseDecimal(value: unknown): number | undefined {
  if (typeof value === 'string' && !DECIMAL.test(value.trim())) return undefined
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number + 0 : undefined
}

/** A JSON type in words. Never the value, which may be patient data. */
export function typeName(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return `a ${typeof value}`
}

/** Formats a path of zod as `queryResult.files[0].file_name`. */
export function jsonPath(base: string, path: readonly PropertyKey[]): string {
  let text = base
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else text += text === '' ? String(step) : `.${String(step)}`
  }
  return text
}
