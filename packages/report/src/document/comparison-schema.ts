import { z } from 'zod'
import { CAUSES } from '../vocabulary/cause.ts'
import { severitySchema } from '../vocabulary/judgement.ts'
import { count, instant, milliseconds, verdictSchema } from './schema-parts.ts'

/** What became of a failure. */
export const outcomeSchema = z.enum(['gone', 'still-there', 'came-back', 'unknown'])
export type Outcome = z.infer<typeof outcomeSchema>

const proofSchema = z.strictObject({
  link: z.string().describe('name of the link'),
  side: z.string().describe('log that contains the successes: client, relay, …'),
  successes: count.describe('number of successful exchanges without this failure'),
  unit: z.string().describe('what is counted, in the plural: `polls`, `results`, …'),
  from: instant.describe('from when on the failure did not occur'),
  to: instant.describe('last success'),
})

const failureSchema = z.strictObject({
  cause: z.enum(CAUSES).describe('cause of the earlier finding'),
  severity: severitySchema.describe('severity of the earlier finding'),
  title: z.string().describe('title of the earlier finding'),
  outcome: outcomeSchema.describe(
    'gone: proven by successes on that link. still-there: it still occurs. came-back: it was gone, and occurs again. unknown: not enough evidence',
  ),
  text: z.string().describe('the outcome as a sentence, with the figures behind it'),
  before: z
    .strictObject({
      first: instant.nullable().describe('first occurrence'),
      last: instant.nullable().describe('last occurrence'),
      count: count.describe('number of occurrences'),
    })
    .describe('when it occurred in the earlier logs'),
  proof: z.array(proofSchema).describe('successes since, one entry per link that it affected'),
  missing: z
    .strictObject({
      log: z.string().describe('the log that would show it'),
      command: z.string().describe('command that collects this log, with placeholders in capitals'),
    })
    .nullable()
    .describe('what to collect if the outcome is unknown'),
  finding: z.string().nullable().describe('ID of the finding of this report, if it occurs again'),
})
export type ComparedFailure = z.infer<typeof failureSchema>

const newFailureSchema = z.strictObject({
  finding: z.string().describe('ID of the finding'),
  title: z.string().describe('title of the finding'),
  severity: severitySchema.describe('severity of the finding'),
  covered: z
    .boolean()
    .describe('false: the earlier logs do not cover this link, so it may not be new'),
})

const figuresSchema = z.strictObject({
  exchanges: count.describe('number of exchanges'),
  successRate: z.number().min(0).max(1).nullable().describe('share of successful exchanges'),
  pollIntervalMs: milliseconds.nullable().describe('median time from one empty poll to the next'),
  p50Ms: milliseconds.nullable().describe('median latency'),
  p95Ms: milliseconds.nullable().describe('95% of the exchanges took this long or less'),
})
export type ComparedFigures = z.infer<typeof figuresSchema>

const comparedLinkSchema = z.strictObject({
  link: z.string().describe('ID of the link'),
  name: z.string().describe('name of the link'),
  side: z.string().describe('log that the figures come from: client, relay, …'),
  before: figuresSchema.describe('figures of the earlier logs'),
  after: figuresSchema.describe('figures of the later logs'),
  changed: z
    .array(z.enum(['polling-interval', 'latency', 'success-rate']))
    .describe('figures that changed noticeably'),
})
export type ComparedLink = z.infer<typeof comparedLinkSchema>

export const comparisonSchema = z.strictObject({
  mode: z
    .enum(['against', 'since-fix'])
    .describe('against: earlier logs or an earlier report. since-fix: the same logs before a time'),
  answer: z
    .enum(['gone', 'not-gone', 'unknown', 'no-failures'])
    .describe(
      'gone: every earlier failure is gone, and none is new. not-gone: at least one occurs, or is new. unknown: not enough evidence. no-failures: neither before nor after',
    ),
  sentence: z.string().describe('the answer in one or two sentences'),
  before: z
    .strictObject({
      from: instant.nullable().describe('first event of the earlier logs'),
      to: instant.nullable().describe('last event of the earlier logs'),
      dateKnown: z.boolean().describe('false: the date of the earlier logs is a placeholder'),
      verdict: verdictSchema.describe('verdict on the earlier logs'),
      sentence: z.string().describe('that verdict in one or two sentences'),
    })
    .describe('the earlier logs'),
  caveats: z.array(z.string()).describe('limits of the comparison'),
  failures: z.array(failureSchema).describe('failures of the earlier logs: those not gone first'),
  new: z.array(newFailureSchema).describe('failures that the earlier logs do not contain'),
  links: z.array(comparedLinkSchema).describe('links that both sets of logs cover, side by side'),
})
export type Comparison = z.infer<typeof comparisonSchema>
