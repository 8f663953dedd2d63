import { z } from 'zod'
import { confidenceSchema } from '../vocabulary/judgement.ts'
import { count, evidenceSchema, instant, linkStateSchema, milliseconds } from './schema-parts.ts'

const latencySchema = z.strictObject({
  count: count.describe('number of exchanges with a known latency'),
  p50Ms: milliseconds.describe('median latency'),
  p90Ms: milliseconds.describe('90% of the exchanges took this long or less'),
  p95Ms: milliseconds.describe('95% of the exchanges took this long or less'),
  p99Ms: milliseconds.describe('99% of the exchanges took this long or less'),
  maxMs: milliseconds.describe('slowest exchange'),
  resolutionMs: milliseconds.describe(
    'precision of the percentiles: 1000 if the log has whole seconds only',
  ),
})
export type Latency = z.infer<typeof latencySchema>

/** A link according to the logs of one side. Views of the two sides may differ, and the difference often shows the cause. */
const linkViewSchema = z.strictObject({
  side: z
    .enum(['client', 'relay', 'load-balancer', 'broker', 'database', 'upstream'])
    .describe('which log it comes from'),
  exchanges: count.describe(
    'number of polls, statements, connections or requests, depending on the link',
  ),
  succeeded: count.describe('number of successful exchanges; 204 counts as success'),
  failed: count.describe('number of failed exchanges'),
  unanswered: count.describe('number of requests without a response in the log'),
  successRate: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe('share of successful exchanges, 0 to 1; null without exchanges'),
  statuses: z
    .array(
      z.strictObject({
        status: z
          .string()
          .describe('HTTP status or outcome: `204`, `401`, `name-resolution`, `ok`, …'),
        count: count.describe('number of exchanges'),
      }),
    )
    .describe('exchanges by status, most frequent first'),
  latency: latencySchema
    .nullable()
    .describe('latency of the exchanges; null if no line contains a duration'),
  pollIntervalMs: milliseconds.nullable().describe('median time from one empty poll to the next'),
  first: instant.nullable().describe('first exchange'),
  last: instant.nullable().describe('last exchange'),
  lastSuccess: instant.nullable().describe('last successful exchange'),
  summarised: z
    .boolean()
    .describe('true if figures come, at least in part, from summary lines instead of single polls'),
})
export type LinkView = z.infer<typeof linkViewSchema>

const bucketStateSchema = z.enum(['ok', 'mixed', 'failed', 'quiet', 'no-log'])
export type BucketState = z.infer<typeof bucketStateSchema>

/** A link over time in equal buckets. All arrays have the same length; index 0 begins at `from`. */
const seriesSchema = z.strictObject({
  from: instant.describe('start of bucket 0'),
  bucketMs: milliseconds.describe('width of a bucket'),
  state: z
    .array(bucketStateSchema)
    .max(240)
    .describe(
      'state per bucket. quiet: logs cover it, but show no exchange. no-log: no log covers it',
    ),
  ok: z.array(count).describe('successful exchanges per bucket'),
  failed: z.array(count).describe('failed exchanges per bucket'),
  relayP50Ms: z
    .array(milliseconds.nullable())
    .describe('median per bucket according to the relay log'),
  relayP95Ms: z
    .array(milliseconds.nullable())
    .describe('95th percentile per bucket according to the relay log'),
  clientP50Ms: z
    .array(milliseconds.nullable())
    .describe('median per bucket according to the client log'),
  clientP95Ms: z
    .array(milliseconds.nullable())
    .describe('95th percentile per bucket according to the client log'),
  statuses: z
    .array(
      z.strictObject({
        status: z.string().describe('status as in `views`'),
        counts: z.array(count).describe('exchanges per bucket'),
      }),
    )
    .describe(
      'exchanges by status, from the relay log if it covers the link, else from the client log',
    ),
})
export type Series = z.infer<typeof seriesSchema>

const linkGapSchema = z.strictObject({
  from: instant.describe('last exchange before the gap'),
  to: instant.describe('first exchange after the gap'),
  durationMs: milliseconds.describe('length of the gap'),
  side: z.enum(['client', 'relay', 'load-balancer']).describe('which log shows it'),
  finding: z.string().nullable().describe('ID of the finding that explains the gap'),
})

export const linkSchema = z.strictObject({
  id: z.string().describe('ID: L1, L2, …'),
  kind: z
    .enum(['poll', 'load-balancer', 'database', 'broker', 'upstream', 'cdm'])
    .describe('what the link carries; cdm: from a client to its OMOP database'),
  from: z.string().describe('component ID of the side that opens the connection'),
  to: z.string().describe('component ID of the side that accepts it'),
  name: z.string().describe('name, for example `site-a → relay`'),
  state: linkStateSchema.describe(
    'healthy-idle: polls succeed, no tasks. serving: polls succeed, with tasks. recovered: failed, works at the end of the logs. degraded: works with problems. failing: does not work at the end of the logs. silent: stopped after working. never-seen: expected, but in no log. unknown: no evidence',
  ),
  explanation: z.string().describe('why the link has this state, with the figures of each log'),
  expected: z
    .boolean()
    .nullable()
    .describe('whether --expect names the client; null without --expect'),
  tasks: count.describe('tasks handed out over this link'),
  results: count.describe('results returned over this link'),
  views: z
    .array(linkViewSchema)
    .describe('one view per log that covers the link; views may differ'),
  gaps: z.array(linkGapSchema).max(20).describe('gaps in the exchanges, longest first; at most 20'),
  gapCount: count.describe('number of gaps, including those not listed'),
  series: seriesSchema.nullable().describe('the link over time; null without exchanges'),
  findings: z.array(z.string()).describe('IDs of its findings, most severe first'),
  evidence: z.array(evidenceSchema).max(4).describe('lines that show successful exchanges'),
})
export type Link = z.infer<typeof linkSchema>

export const clockSchema = z.strictObject({
  component: z.string().describe('ID of the component'),
  reference: z.string().describe('ID of the component it is compared with'),
  skewMs: z.number().describe('clock skew; positive if the component is ahead of the reference'),
  uncertaintyMs: milliseconds.describe('the true skew is within skewMs ± this value'),
  matched: count.describe('number of polls found in both logs'),
  confidence: confidenceSchema.describe('confidence of the comparison'),
  text: z.string().describe('the clock skew as a sentence'),
})
export type Clock = z.infer<typeof clockSchema>
