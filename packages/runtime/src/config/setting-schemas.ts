import { z } from 'zod'

import { nearestName } from './nearest-name.ts'
import { formatDuration, UNIT_MS, type DurationUnit } from './format-value.ts'

// Schemas that turn the text of a variable into its value. Their messages appear between "NAME: " and ", got …".

/** A text that is not blank, trimmed. */
export function textSetting() {
  return z.string().trim().min(1, 'expected some text')
}

/** true/false, yes/no, on/off, 1/0 and their first letters, in any case. */
export function booleanSetting() {
  return z.string().transform((text, context): boolean => {
    const word = text.trim().toLowerCase()
    if (['true', 't', 'yes', 'y', 'on', '1'].includes(word)) return true
    if (['false', 'f', 'no', 'n', 'off', '0'].includes(word)) return false
    return invalid(context, 'expected true or false')
  })
}

/** A whole number from `min` to `max`, both included. `5.5`, `1e3` and `0x10` are invalid. */
export function integerSetting(min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER) {
  return z.string().transform((text, context): number => {
    const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    return invalid(context, `expected a whole number${range(min, max)}`)
  })
}

/** A number from `min` to `max`, both included. */
export function numberSetting(min = -Infinity, max = Infinity) {
  return z.string().transform((text, context): number => {
    const value = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text.trim()) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    return invalid(context, `expected a number${range(min, max)}`)
  })
}

const DURATION_UNITS = ['ms', 's', 'm', 'h', 'd'] as const
const UNIT_NAMES: Readonly<Record<DurationUnit, string>> = {
  ms: 'milliseconds',
  s: 'seconds',
  m: 'minutes',
  h: 'hours',
  d: 'days',
}

/**
 * A duration in **milliseconds**, written `500ms`, `5s`, `2m`, `1.5h`, `1d`, or as a number without a unit, which counts
 * `unit`. `minMs` and `maxMs` are included.
 */
export function durationSetting(options: { unit: DurationUnit; minMs?: number; maxMs?: number }) {
  const { unit, minMs = 0, maxMs = Infinity } = options
  return z.string().transform((text, context): number => {
    const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(text.trim().toLowerCase())
    const given = match?.[2] === '' ? unit : DURATION_UNITS.find((known) => known === match?.[2])
    const value =
      match === null || given === undefined ? Number.NaN : Number(match[1]) * UNIT_MS[given]
    if (value >= minMs && value <= maxMs) return value
    const limits = [
      ...(minMs > 0 ? [`at least ${formatDuration(minMs)}`] : []),
      ...(maxMs < Infinity ? [`at most ${formatDuration(maxMs)}`] : []),
    ]
    const bounds = limits.length === 0 ? '' : `, ${limits.join(' and ')}`
    return invalid(
      context,
      `expected a duration such as 30s or a number of ${UNIT_NAMES[unit]}${bounds}`,
    )
  })
}

/**
 * One of `choices`, in any case.
 * @param named those that the error message names; default: all
 */
export function choiceSetting<const C extends string>(
  choices: readonly C[],
  named: readonly C[] = choices,
) {
  return z.string().transform((text, context): C => {
    const word = text.trim()
    const chosen = choices.find((choice) => choice.toLowerCase() === word.toLowerCase())
    if (chosen !== undefined) return chosen
    const nearest = nearestName(word, named)
    const guess = nearest === undefined ? '' : ` (did you mean ${nearest}?)`
    return invalid(context, `expected ${orList(named)}${guess}`)
  })
}

/** An absolute URL, unchanged, with one of `schemes` (`['https', 'http']`). */
export function urlSetting(schemes: readonly string[]) {
  return z.string().transform((text, context): string => {
    const url = text.trim()
    const scheme = URL.canParse(url) ? new URL(url).protocol.slice(0, -1) : undefined
    if (scheme !== undefined && schemes.includes(scheme)) return url
    return invalid(
      context,
      `expected a URL that starts with ${schemes.map((s) => `${s}://`).join(' or ')}`,
    )
  })
}

/** Texts separated by commas, trimmed, without empty ones. */
export function listSetting() {
  return z.string().transform((text): readonly string[] =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )
}

/** `a, b or c`. */
function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

function range(min: number, max: number): string {
  const from = min > Number.MIN_SAFE_INTEGER
  const to = max < Number.MAX_SAFE_INTEGER
  if (from && to) return ` from ${min} to ${max}`
  if (from) return ` of at least ${min}`
  return to ? ` of at most ${max}` : ''
}

function invalid(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}
