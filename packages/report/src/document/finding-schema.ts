import { findingStatusSchema } from '../vocabulary/judgement.ts'
import { z } from 'zod'
import { CAUSES } from '../vocabulary/cause.ts'
import { confidenceSchema, partySchema, severitySchema } from '../vocabulary/judgement.ts'
import { count, evidenceSchema, instant, milliseconds } from './schema-parts.ts'

const stepSchema = z.strictObject({
  leg: z
    .enum(['client', 'load-balancer', 'relay', 'database', 'broker', 'upstream', 'cdm'])
    .describe('component of the step'),
  title: z.string().describe('title, for example `the relay accepts the credentials`'),
  time: instant.nullable().describe('time of the line in UTC'),
  sinceStartMs: z
    .number()
    .nullable()
    .describe('time since the first step; clock skew can make it negative'),
  evidence: evidenceSchema
    .nullable()
    .describe('log line that shows the step; null if there is none, see `missing`'),
  missing: z.string().optional().describe('why there is no log line; only if evidence is null'),
})

/** One poll or task, followed through every component. */
export const transactionSchema = z.strictObject({
  kind: z.enum(['poll', 'task']).describe('what is followed'),
  title: z.string().describe('title, for example `One poll of site-a at 06:30:08`'),
  text: z.string().describe('how the lines were matched, and how long it took'),
  link: z.string().nullable().describe('ID of the link that carried it'),
  matchedBy: z
    .enum(['request-id', 'task-id', 'time', 'one-source'])
    .describe('how the lines were matched'),
  confidence: confidenceSchema.describe('confidence of the match'),
  complete: z.boolean().describe('true if every step has a log line'),
  totalMs: milliseconds
    .nullable()
    .describe('time from the first to the last step, or the duration in the relay log'),
  steps: z.array(stepSchema).min(1).describe('steps in order'),
})
export type Transaction = z.infer<typeof transactionSchema>

export const findingSchema = z.strictObject({
  id: z.string().describe('ID: F1, F2, …, most severe first'),
  cause: z.enum(CAUSES).describe('stable identifier for scripts to match on'),
  severity: severitySchema.describe(
    'how severe it is. error: act now. warning: investigate. info: no action needed',
  ),
  status: findingStatusSchema.describe(
    'ongoing: not resolved at the end of the logs. recovered: a success followed. observed: has no end, for example clock skew. expected: not a problem',
  ),
  title: z.string().describe('title, for example `site-b: wrong password`'),
  link: z.string().nullable().describe('ID of the affected link'),
  component: z.string().nullable().describe('ID of the affected component'),
  first: instant.nullable().describe('first occurrence'),
  last: instant.nullable().describe('last occurrence'),
  recoveredAt: instant.nullable().describe('first success after the last occurrence'),
  durationMs: milliseconds
    .nullable()
    .describe('time from the first occurrence to the recovery, else to the last occurrence'),
  count: count.describe('number of occurrences'),
  periods: z
    .array(
      z.strictObject({
        from: instant.describe('first occurrence'),
        to: instant.describe('first success after the period, else its last occurrence'),
        count: count.describe('number of occurrences in the period'),
      }),
    )
    .max(20)
    .describe('separate periods, oldest first; only the latest 20'),
  why: z.string().describe('explanation, with the figures that support it'),
  confidence: confidenceSchema.describe(
    'how sure it is. certain: a log line or an exact ID proves it. likely: several observations agree. possible: another explanation would match as well',
  ),
  party: partySchema.describe('who must act; operator: the person who collected the logs'),
  partyName: z.string().nullable().describe('name of the site, relay, …'),
  action: z.string().describe('what that party must do, in one sentence'),
  next: z.array(z.string()).describe('steps to try, in order'),
  affects: z.array(z.string()).describe('IDs of other affected links'),
  evidence: z.array(evidenceSchema).max(8).describe('first and last lines that prove it'),
})
export type Finding = z.infer<typeof findingSchema>

export const checkSchema = z.strictObject({
  id: z
    .string()
    .describe('stable identifier for scripts to match on, for example `authentication`'),
  title: z.string().describe('the statement that is checked'),
  state: z
    .enum(['passed', 'failed', 'unknown'])
    .describe(
      'passed: proven by log lines. failed: disproved by a finding. unknown: not enough evidence',
    ),
  number: z
    .string()
    .describe('the figure behind the state, for example `540 of 540 requests succeeded`'),
  detail: z.string().describe('reason, if the check did not pass'),
  findings: z.array(z.string()).describe('IDs of the findings that make it fail'),
  evidence: z.array(evidenceSchema).max(3).describe('lines that prove the state'),
})
export type Check = z.infer<typeof checkSchema>

/** A limit of the evidence. */
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
    .describe('what limits the evidence'),
  severity: severitySchema.describe('how much it limits the conclusions'),
  text: z.string().describe('the limit, in one or two sentences'),
})
export type Caveat = z.infer<typeof caveatSchema>
