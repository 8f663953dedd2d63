import { z } from 'zod'
import { CAUSES } from './cause.ts'
import {
  confidenceSchema,
  count,
  evidenceSchema,
  instant,
  milliseconds,
  partySchema,
  severitySchema,
} from './schema-parts.ts'

const stepSchema = z.strictObject({
  leg: z
    .enum(['client', 'load-balancer', 'relay', 'database', 'broker', 'upstream', 'cdm'])
    .describe('where it happens'),
  title: z.string().describe('such as `relay checks the credentials`'),
  time: instant.nullable().describe('of the line, on the common time line'),
  sinceStartMs: z
    .number()
    .nullable()
    .describe('time since the first step on the common time line; may be off by clock skew'),
  evidence: evidenceSchema.nullable().describe('null: no line shows this step, `missing` says why'),
  missing: z.string().optional().describe('why no line shows it; only where evidence is null'),
})

/** One poll or one task followed through everything it touched. */
export const transactionSchema = z.strictObject({
  kind: z.enum(['poll', 'task']).describe('what was followed'),
  title: z.string().describe('such as `One poll of site-a at 06:30:08`'),
  text: z.string().describe('the story in one or two sentences'),
  link: z.string().nullable().describe('id of the link it took'),
  matchedBy: z
    .enum(['request-id', 'task-id', 'time', 'one-source'])
    .describe('what says that the lines belong together'),
  certainty: confidenceSchema.describe('how sure that is'),
  complete: z.boolean().describe('every leg has a line'),
  totalMs: milliseconds
    .nullable()
    .describe('from its first to its last step, or what the relay says it took'),
  steps: z.array(stepSchema).min(1).describe('in the order in which they happen'),
})
export type Transaction = z.infer<typeof transactionSchema>

export const findingSchema = z.strictObject({
  id: z.string().describe('F1, F2, … most severe first'),
  cause: z.enum(CAUSES).describe('stable word to match on'),
  severity: severitySchema.describe(
    'error: somebody has to act now. warning: look into it. info: worth knowing',
  ),
  status: z
    .enum(['ongoing', 'recovered', 'observed', 'expected'])
    .describe(
      'ongoing: still so when the evidence ends. recovered: over, with a success after it. observed: a fact without end. expected: not a problem',
    ),
  title: z.string().describe('such as `site-b: wrong password`'),
  link: z.string().nullable().describe('id of the link it is about'),
  component: z.string().nullable().describe('id of the component it is about'),
  first: instant.nullable().describe('first sign of it'),
  last: instant.nullable().describe('last sign of it'),
  recoveredAt: instant.nullable().describe('first success after the last sign'),
  durationMs: milliseconds.nullable().describe('from first to recovery, or to the last sign of it'),
  count: count.describe('how often it was seen'),
  periods: z
    .array(
      z.strictObject({
        from: instant.describe('first sign'),
        to: instant.describe('first success after it, else its last sign'),
        count: count.describe('how often in this stretch'),
      }),
    )
    .max(20)
    .describe('separate stretches, oldest first; the latest 20'),
  why: z.string().describe('the cause in words, with the numbers that support it'),
  confidence: confidenceSchema.describe(
    'certain: a line says so, or an exact id. likely: several observations agree. possible: something else would fit as well',
  ),
  party: partySchema.describe('who has to act; operator: whoever collects the logs'),
  partyName: z.string().nullable().describe('which site, relay, …'),
  action: z.string().describe('what that party has to do, one sentence'),
  next: z.array(z.string()).describe('what to try, in order'),
  affects: z.array(z.string()).describe('ids of further links that suffer from it'),
  evidence: z.array(evidenceSchema).max(8).describe('the first and the last lines that prove it'),
})
export type Finding = z.infer<typeof findingSchema>

export const checkSchema = z.strictObject({
  id: z.string().describe('stable word to match on, such as `authentication`'),
  title: z.string().describe('what holds if it has passed'),
  state: z
    .enum(['passed', 'failed', 'unknown'])
    .describe('passed only with evidence; unknown without'),
  number: z.string().describe('the number behind it, such as `540 of 540 polls answered`'),
  detail: z.string().describe('why, where it has not passed'),
  findings: z.array(z.string()).describe('ids of the findings that fail it'),
  evidence: z.array(evidenceSchema).max(3).describe('lines that prove the state'),
})
export type Check = z.infer<typeof checkSchema>

/** Something the reader must know before believing anything below it. */
export const caveatSchema = z.strictObject({
  kind: z
    .enum([
      'missing-source',
      'no-overlap',
      'gap',
      'clock',
      'date',
      'unreadable',
      'level',
      'limit',
      'empty',
    ])
    .describe('what sort of doubt it is'),
  severity: severitySchema.describe('how much it takes away from what follows'),
  text: z.string().describe('the remark, a sentence'),
})
export type Caveat = z.infer<typeof caveatSchema>
