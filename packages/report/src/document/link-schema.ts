import { z } from 'zod'
import {
  confidenceSchema,
  count,
  evidenceSchema,
  instant,
  linkStateSchema,
  milliseconds,
} from './schema-parts.ts'

const latencySchema = z.strictObject({
  count: count.describe('exchanges with a known latency'),
  p50Ms: milliseconds.describe('median'),
  p90Ms: milliseconds.describe('90 % took no longer'),
  p95Ms: milliseconds.describe('95 % took no longer'),
  p99Ms: milliseconds.describe('99 % took no longer'),
  maxMs: milliseconds.describe('the slowest'),
  resolutionMs: milliseconds.describe(
    '1000 where the log has whole seconds only: percentiles are then no finer',
  ),
})
export type Latency = z.infer<typeof latencySchema>

/** One side's account of a link. Client and relay need not agree; where they differ is often the answer. */
const linkViewSchema = z.strictObject({
  side: z
    .enum(['client', 'relay', 'load-balancer', 'broker', 'database', 'upstream'])
    .describe('whose log tells it'),
  exchanges: count.describe(
    'polls, statements, connections or requests, whatever the link carries',
  ),
  succeeded: count.describe('of these, answered well; 204 is well'),
  failed: count.describe('of these, failed'),
  unanswered: count.describe('requests whose answer was never written'),
  successRate: z.number().min(0).max(1).nullable().describe('null without exchanges'),
  statuses: z
    .array(
      z.strictObject({
        status: z.string().describe('`204`, `401`, `name-resolution`, `ok`, …'),
        count: count.describe('how often'),
      }),
    )
    .describe('most frequent first'),
  latency: latencySchema.nullable().describe('null where no line tells how long it took'),
  pollIntervalMs: milliseconds
    .nullable()
    .describe('median time from one poll that found nothing to the next'),
  first: instant.nullable().describe('first exchange'),
  last: instant.nullable().describe('last exchange'),
  lastSuccess: instant.nullable().describe('last that was answered well'),
  summarised: z
    .boolean()
    .describe('true if (part of) the numbers come from summary lines instead of single polls'),
})
export type LinkView = z.infer<typeof linkViewSchema>

const bucketStateSchema = z.enum(['ok', 'mixed', 'failed', 'quiet', 'no-log'])
export type BucketState = z.infer<typeof bucketStateSchema>

/**
 * A link over time in equal buckets; all arrays have the same length, index 0 begins at `from`.
 * `quiet`: sources cover the bucket but the link says nothing. `no-log`: no source that could tell covers the bucket.
 */
const seriesSchema = z.strictObject({
  from: instant.describe('when bucket 0 begins'),
  bucketMs: milliseconds.describe('width of a bucket'),
  state: z
    .array(bucketStateSchema)
    .max(240)
    .describe(
      'per bucket. quiet: sources cover it, but the link says nothing. no-log: no source that could tell covers it',
    ),
  ok: z.array(count).describe('answered well, per bucket'),
  failed: z.array(count).describe('failed, per bucket'),
  relayP50Ms: z.array(milliseconds.nullable()).describe('median as the relay side tells it'),
  relayP95Ms: z.array(milliseconds.nullable()).describe('95 % took no longer, relay side'),
  clientP50Ms: z.array(milliseconds.nullable()).describe('median as the client tells it'),
  clientP95Ms: z.array(milliseconds.nullable()).describe('95 % took no longer, client side'),
  statuses: z
    .array(
      z.strictObject({
        status: z.string().describe('as in views'),
        counts: z.array(count).describe('per bucket'),
      }),
    )
    .describe(
      'status mix per bucket, relay side where the relay log covers the link, else client side',
    ),
})
export type Series = z.infer<typeof seriesSchema>

const linkGapSchema = z.strictObject({
  from: instant.describe('last sign before it'),
  to: instant.describe('first sign after it'),
  durationMs: milliseconds.describe('length of the gap'),
  side: z.enum(['client', 'relay', 'load-balancer']).describe('whose log shows it'),
  finding: z.string().nullable().describe('id of the finding that explains the gap'),
})

export const linkSchema = z.strictObject({
  id: z.string().describe('L1, L2, …'),
  kind: z
    .enum(['poll', 'load-balancer', 'database', 'broker', 'upstream', 'cdm'])
    .describe('what it carries; cdm: from a client to its own OMOP database'),
  from: z.string().describe('component id of the side that opens the connection'),
  to: z.string().describe('component id of the side that is called'),
  name: z.string().describe('such as `site-a → relay`'),
  state: linkStateSchema.describe(
    'healthy-idle: answered, nothing to do. serving: answered, with work. recovered: failed, works at the end. degraded: works, but not well. failing: does not work at the end. silent: worked, then nothing more was heard. never-seen: expected, no sign of it. unknown: no evidence',
  ),
  explanation: z.string().describe('why this state, one sentence with numbers'),
  expected: z.boolean().nullable().describe('listed by the operator; null when no list was given'),
  tasks: count.describe('tasks handed over this link'),
  results: count.describe('results returned over this link'),
  views: z
    .array(linkViewSchema)
    .describe('one account per side that tells of it; they need not agree'),
  gaps: z.array(linkGapSchema).max(20).describe('longest first'),
  gapCount: count.describe('all gaps, also those beyond the 20 listed'),
  series: seriesSchema.nullable().describe('the link over time; null where nothing was seen'),
  findings: z.array(z.string()).describe('ids, most severe first'),
  evidence: z.array(evidenceSchema).max(4).describe('lines that show the state'),
})
export type Link = z.infer<typeof linkSchema>

export const clockSchema = z.strictObject({
  component: z.string().describe('component whose clock it is'),
  reference: z.string().describe('component whose clock is compared with'),
  skewMs: z.number().describe('positive: the component is ahead of the reference'),
  uncertaintyMs: milliseconds.describe('the true skew lies within skewMs ± this'),
  matched: count.describe('polls matched between the two'),
  certainty: confidenceSchema.describe('how sure the comparison is'),
  text: z.string().describe('the same in a sentence'),
})
export type Clock = z.infer<typeof clockSchema>
