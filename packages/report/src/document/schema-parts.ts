import { z } from 'zod'

export const instant = z.iso
  .datetime({ precision: 3 })
  .describe('UTC instant, YYYY-MM-DDTHH:MM:SS.sssZ; see timeRange.dateKnown')
export const milliseconds = z.number().min(0)
export const count = z.int().min(0)

/** A line that proves something, quoted. */
export const evidenceSchema = z.strictObject({
  source: z.string().describe('id of the source the line stands in'),
  file: z
    .string()
    .describe(
      'file as the operator named it, `-` for standard input; an absolute path without the folder all files share',
    ),
  line: z.int().min(1).describe('1-based line number in the (uncompressed) file'),
  time: instant
    .nullable()
    .describe('where the line stands on the common time line; null if it could not be placed'),
  text: z.string().max(600).describe('the line, secrets masked, shortened with … when long'),
  note: z
    .string()
    .optional()
    .describe('what the line shows, where the line itself does not say so'),
})
export type Evidence = z.infer<typeof evidenceSchema>

export const severitySchema = z.enum(['error', 'warning', 'info'])
export type Severity = z.infer<typeof severitySchema>

/**
 * How sure a statement is. `certain`: stated by a line or matched by an exact id. `likely`: several observations agree.
 * `possible`: fits, but something else would fit as well.
 */
export const confidenceSchema = z.enum(['certain', 'likely', 'possible'])
export type Confidence = z.infer<typeof confidenceSchema>

/** Who has to act. `operator` is whoever collects the logs and runs this report; `none` goes with expected lines. */
export const partySchema = z.enum(['site', 'hub', 'network', 'upstream', 'operator', 'none'])
export type Party = z.infer<typeof partySchema>

/** healthy: proven. recovered: was broken inside the window, proven to work at its end. unknown: not enough evidence. */
export const verdictSchema = z.enum(['healthy', 'recovered', 'degraded', 'unhealthy', 'unknown'])
export type Verdict = z.infer<typeof verdictSchema>

/** State of one link (and, in the topology picture, of the line drawn for it). */
export const linkStateSchema = z.enum([
  'healthy-idle', // asks, is answered, nothing to do: the normal state of an empty queue
  'serving', // asks, is answered, tasks went through
  'recovered', // failed inside the window, works at its end
  'degraded', // works, but slowly, too often, from two places, or with gaps
  'failing', // does not work at the end of the window
  'silent', // worked, then nothing more was heard
  'never-seen', // expected, no sign of it in any source
  'unknown', // no evidence either way
])
export type LinkState = z.infer<typeof linkStateSchema>

export const roleSchema = z.enum([
  'client',
  'relay',
  'database',
  'broker',
  'load-balancer',
  'upstream',
  'cdm',
  'unknown',
])
export type Role = z.infer<typeof roleSchema>

export const numberRowSchema = z.strictObject({
  label: z.string().describe('such as `polls answered`'),
  value: z.string().describe('formatted, with unit: `540 of 540`, `132 ms`'),
})
export type NumberRow = z.infer<typeof numberRowSchema>
