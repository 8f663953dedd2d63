/** Limits of a JSON text from outside, checked while its bytes arrive and before it is parsed. */
export interface JsonLimits {
  readonly maxBytes: number
  /** Levels of nested arrays and objects. */
  readonly maxDepth: number
  /** Values of any kind, including members of objects and elements of arrays. Each uses about 100 bytes when parsed. */
  readonly maxValues: number
  /** Characters of one number. A double needs 24. */
  readonly maxNumberLength: number
}

/** A result contains one count and a few files, each with its content in one string. */
export const RESULT_JSON_LIMITS: JsonLimits = {
  maxBytes: 30 * 1024 * 1024,
  maxDepth: 32,
  maxValues: 10_000,
  maxNumberLength: 40,
}

/** A cohort of 32 levels needs a depth of 70. A rule has about 10 members. */
export const TASK_JSON_LIMITS: JsonLimits = {
  maxBytes: 10 * 1024 * 1024,
  maxDepth: 200,
  maxValues: 100_000,
  maxNumberLength: 40,
}

export type JsonLimit = 'bytes' | 'depth' | 'values' | 'number length'

/** A JSON text beyond its limits. The message contains nothing of the text. */
export class JsonLimitError extends Error {
  readonly limit: JsonLimit

  constructor(limit: JsonLimit, limits: JsonLimits) {
    super(describeLimit(limit, limits))
    this.name = 'JsonLimitError'
    this.limit = limit
  }
}

function describeLimit(limit: JsonLimit, limits: JsonLimits): string {
  switch (limit) {
    case 'bytes':
      return `larger than ${limits.maxBytes} bytes`
    case 'depth':
      return `nested more than ${limits.maxDepth} levels deep`
    case 'values':
      return `more than ${limits.maxValues} values`
    case 'number length':
      return `a number longer than ${limits.maxNumberLength} characters`
    default:
      return limit satisfies never
  }
}
