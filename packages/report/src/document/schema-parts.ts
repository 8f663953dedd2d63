import { z } from 'zod'

export const instant = z.iso
  .datetime({ precision: 3 })
  .describe('UTC, YYYY-MM-DDTHH:MM:SS.sssZ; see timeRange.dateKnown')
export const milliseconds = z.number().min(0)
export const count = z.int().min(0)

/** A quoted log line. */
export const evidenceSchema = z.strictObject({
  source: z.string().describe('ID of the source that contains the line'),
  file: z
    .string()
    .describe(
      'file as named on the command line, `-` for standard input; absolute paths without the folder that contains all files',
    ),
  line: z.int().min(1).describe('1-based line number in the (uncompressed) file'),
  time: instant.nullable().describe('time of the line in UTC; null if unknown'),
  text: z
    .string()
    .max(600)
    .describe('the line, with secrets masked; a long line is shortened and ends with …'),
  note: z.string().optional().describe('what the line shows, if that is not obvious'),
})
export type Evidence = z.infer<typeof evidenceSchema>

export const verdictSchema = z.enum(['healthy', 'recovered', 'degraded', 'unhealthy', 'unknown'])
export type Verdict = z.infer<typeof verdictSchema>

export const linkStateSchema = z.enum([
  'healthy-idle', // polls succeed, no tasks: the normal state
  'serving', // polls succeed, with tasks
  'recovered', // failed, works at the end of the logs
  'degraded', // works, but slowly, with gaps, or polled too often or by two instances
  'failing', // does not work at the end of the logs
  'silent', // stopped after working
  'never-seen', // expected, but in no log
  'unknown', // no evidence
])
export type LinkState = z.infer<typeof linkStateSchema>

export const numberRowSchema = z.strictObject({
  label: z.string().describe('label, for example `successful requests`'),
  value: z.string().describe('value with its unit: `540 of 540 (100%)`, `132 ms`'),
})
export type NumberRow = z.infer<typeof numberRowSchema>
