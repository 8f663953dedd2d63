import { z } from 'zod'
import { CAUSES } from './cause.ts'

/**
 * The report as data: everything a reader is told, once, before any renderer chooses how to show it.
 *
 * Rules that hold for every document:
 * - Same logs and options give the same document, byte for byte: no generation time, no random ids, stable order.
 * - Every text is already masked; a renderer escapes for its own language and never has to look for secrets.
 * - Every instant is UTC, `YYYY-MM-DDTHH:MM:SS.sssZ`. When `window.dateKnown` is false the date part is a placeholder
 *   (1970-01-01 and following days) and only the time of day may be shown.
 * - Durations and latencies are milliseconds, rates are 0 to 1.
 * - Ids (`sources[].id`, `components[].id`, `links[].id`, `findings[].id`) are unique in their list and refer across lists.
 *
 * `version` is `major.minor`: members may be added with a new minor, anything else is a new major.
 */
export const REPORT_VERSION = '1.0'

const instant = z.iso
  .datetime({ precision: 3 })
  .describe('UTC instant, YYYY-MM-DDTHH:MM:SS.sssZ; see window.dateKnown')
const milliseconds = z.number().min(0)
const count = z.int().min(0)

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

/** Who has to act. `operator` is whoever collects the logs and runs this report; `nobody` goes with expected lines. */
export const partySchema = z.enum(['site', 'hub', 'network', 'upstream', 'operator', 'nobody'])
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
  'hub',
  'database',
  'broker',
  'balancer',
  'upstream',
  'cdm',
  'unknown',
])
export type Role = z.infer<typeof roleSchema>

const numberRowSchema = z.strictObject({
  label: z.string().describe('such as `polls answered`'),
  value: z.string().describe('formatted, with unit: `540 of 540`, `132 ms`'),
})
export type NumberRow = z.infer<typeof numberRowSchema>

/** What was taken out of one file; a file that holds several pods (stern, Loki) gives one source per pod. */
export const sourceSchema = z.strictObject({
  id: z.string(),
  file: z.string(),
  component: z.string().nullable().describe('id of the component that wrote it'),
  role: roleSchema,
  wrapper: z
    .string()
    .describe(
      'what stood around each line: `none`, `kubectl`, `stern`, `cri`, `docker`, `loki`, …',
    ),
  format: z.string().describe('what the lines were taken for, such as `.NET relay text`'),
  compressed: z.boolean(),
  lines: count.describe('physical lines'),
  events: count.describe('lines that begin an event of a known format'),
  continuations: count.describe('lines that belong to the event before them'),
  unreadable: count,
  shortened: count.describe('gigantic lines of which only the beginning was looked at'),
  outside: count.describe('events outside of --since/--until'),
  first: instant.nullable(),
  last: instant.nullable(),
  placement: z
    .strictObject({
      method: z
        .enum(['stated', 'wrapper', 'option', 'matched', 'assumed', 'none'])
        .describe('where date and zone come from'),
      offsetMinutes: z
        .int()
        .nullable()
        .describe('zone of the written time, minutes east of UTC; null if unknown'),
      certainty: confidenceSchema,
      text: z.string().describe('one sentence: what was assumed and why'),
    })
    .describe('how the times of this source were put on the common time line'),
  gaps: z
    .array(z.strictObject({ from: instant, to: instant }))
    .max(20)
    .describe('stretches in which this source, against its own rhythm, says nothing'),
  samples: z.array(evidenceSchema).max(5).describe('samples of what could not be read'),
  notes: z.array(z.string()),
})
export type Source = z.infer<typeof sourceSchema>

export const componentSchema = z.strictObject({
  id: z.string(),
  role: roleSchema,
  name: z.string().describe('client name, pod, or host: what people call it'),
  cluster: z.string().nullable(),
  namespace: z.string().nullable(),
  pod: z.string().nullable(),
  program: z.string().nullable().describe('such as `Python bunny`, `Warren relay`, `RabbitMQ`'),
  version: z.string().nullable(),
  seenIn: z
    .enum(['own-log', 'other-logs', 'expectation'])
    .describe('by its own log, only by what others write, or only listed'),
  first: instant.nullable(),
  last: instant.nullable(),
  starts: count.describe('start lines seen in the window'),
  doing: z.string().describe('what it was seen doing, one sentence'),
  numbers: z.array(numberRowSchema),
  sources: z.array(z.string()).describe('ids of its own sources'),
})
export type Component = z.infer<typeof componentSchema>

export const latencySchema = z.strictObject({
  count: count.describe('exchanges with a known latency'),
  p50Ms: milliseconds,
  p90Ms: milliseconds,
  p95Ms: milliseconds,
  p99Ms: milliseconds,
  maxMs: milliseconds,
  resolutionMs: milliseconds.describe(
    '1000 where the log has whole seconds only: percentiles are then no finer',
  ),
})
export type Latency = z.infer<typeof latencySchema>

/** One side's account of a link. Client and hub need not agree; where they differ is often the answer. */
export const linkViewSchema = z.strictObject({
  side: z.enum(['client', 'hub', 'balancer', 'broker', 'database', 'upstream']),
  exchanges: count,
  succeeded: count,
  failed: count,
  unanswered: count.describe('requests whose answer was never written'),
  successRate: z.number().min(0).max(1).nullable().describe('null without exchanges'),
  statuses: z
    .array(
      z.strictObject({ status: z.string().describe('`204`, `401`, `name-resolution`, …'), count }),
    )
    .describe('most frequent first'),
  latency: latencySchema.nullable(),
  rhythmMs: milliseconds.nullable().describe('median time between two polls'),
  first: instant.nullable(),
  last: instant.nullable(),
  lastSuccess: instant.nullable(),
  summarised: z
    .boolean()
    .describe('true if (part of) the numbers come from summary lines instead of single polls'),
})
export type LinkView = z.infer<typeof linkViewSchema>

export const bucketStateSchema = z.enum(['ok', 'mixed', 'failed', 'quiet', 'no-log'])
export type BucketState = z.infer<typeof bucketStateSchema>

/**
 * A link over time in equal buckets; all arrays have the same length, index 0 begins at `from`.
 * `quiet`: sources cover the bucket but the link says nothing. `no-log`: no source that could tell covers the bucket.
 */
export const seriesSchema = z.strictObject({
  from: instant,
  bucketMs: milliseconds,
  state: z.array(bucketStateSchema).max(240),
  ok: z.array(count),
  failed: z.array(count),
  hubP50Ms: z.array(milliseconds.nullable()),
  hubP95Ms: z.array(milliseconds.nullable()),
  clientP50Ms: z.array(milliseconds.nullable()),
  clientP95Ms: z.array(milliseconds.nullable()),
  statuses: z
    .array(z.strictObject({ status: z.string(), counts: z.array(count) }))
    .describe(
      'status mix per bucket, hub side where the hub log covers the link, else client side',
    ),
})
export type Series = z.infer<typeof seriesSchema>

export const linkGapSchema = z.strictObject({
  from: instant,
  to: instant,
  durationMs: milliseconds,
  side: z.enum(['client', 'hub', 'balancer']),
  finding: z.string().nullable().describe('id of the finding that explains the gap'),
})

export const linkSchema = z.strictObject({
  id: z.string(),
  kind: z.enum(['poll', 'balancer', 'database', 'broker', 'upstream', 'cdm']),
  from: z.string().describe('component id of the side that opens the connection'),
  to: z.string().describe('component id'),
  name: z.string().describe('such as `site-a → relay`'),
  state: linkStateSchema,
  explanation: z.string().describe('why this state, one sentence with numbers'),
  expected: z.boolean().nullable().describe('listed by the operator; null when no list was given'),
  tasks: count.describe('tasks handed over this link'),
  answers: count.describe('answers that came back over this link'),
  views: z.array(linkViewSchema),
  gaps: z.array(linkGapSchema).max(20).describe('longest first'),
  gapCount: count,
  series: seriesSchema.nullable(),
  findings: z.array(z.string()).describe('ids, most severe first'),
  evidence: z.array(evidenceSchema).max(4).describe('lines that show the state'),
})
export type Link = z.infer<typeof linkSchema>

export const clockSchema = z.strictObject({
  component: z.string(),
  reference: z.string().describe('component whose clock is compared with'),
  skewMs: z.number().describe('positive: the component is ahead of the reference'),
  uncertaintyMs: milliseconds.describe('the true skew lies within skewMs ± this'),
  matched: count.describe('polls matched between the two'),
  certainty: confidenceSchema,
  text: z.string(),
})
export type Clock = z.infer<typeof clockSchema>

export const stepSchema = z.strictObject({
  leg: z.enum(['client', 'balancer', 'hub', 'database', 'broker', 'upstream', 'cdm']),
  title: z.string().describe('such as `hub checks the credentials`'),
  time: instant.nullable(),
  sinceStartMs: z
    .number()
    .nullable()
    .describe('time since the first step on the common time line; may be off by clock skew'),
  evidence: evidenceSchema.nullable().describe('null: no line shows this step, `missing` says why'),
  missing: z.string().optional(),
})

/** One poll or one task followed through everything it touched. */
export const transactionSchema = z.strictObject({
  kind: z.enum(['poll', 'task']),
  title: z.string(),
  text: z.string().describe('the story in one or two sentences'),
  link: z.string().nullable(),
  matchedBy: z.enum(['request-id', 'task-id', 'time', 'one-source']),
  certainty: confidenceSchema,
  complete: z.boolean().describe('every leg has a line'),
  totalMs: milliseconds.nullable(),
  steps: z.array(stepSchema).min(1),
})
export type Transaction = z.infer<typeof transactionSchema>

export const findingSchema = z.strictObject({
  id: z.string().describe('F1, F2, … most severe first'),
  cause: z.enum(CAUSES),
  severity: severitySchema,
  status: z
    .enum(['ongoing', 'recovered', 'observed', 'expected'])
    .describe(
      'ongoing: still so when the evidence ends. recovered: over, with a success after it. observed: a fact without end. expected: not a problem',
    ),
  title: z.string().describe('such as `site-b: wrong password`'),
  link: z.string().nullable(),
  component: z.string().nullable(),
  first: instant.nullable(),
  last: instant.nullable(),
  recoveredAt: instant.nullable(),
  durationMs: milliseconds.nullable().describe('from first to recovery, or to the last sign of it'),
  count: count.describe('how often it was seen'),
  episodes: z
    .array(z.strictObject({ from: instant, to: instant, count }))
    .max(20)
    .describe('separate stretches, oldest first; the latest 20'),
  why: z.string().describe('the cause in words, with the numbers that support it'),
  confidence: confidenceSchema,
  party: partySchema,
  partyName: z.string().nullable().describe('which site, hub, …'),
  action: z.string().describe('what that party has to do, one sentence'),
  next: z.array(z.string()).describe('what to try, in order'),
  affects: z.array(z.string()).describe('ids of further links that suffer from it'),
  evidence: z.array(evidenceSchema).max(8),
})
export type Finding = z.infer<typeof findingSchema>

export const checkSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  state: z.enum(['passed', 'failed', 'unknown']),
  number: z.string().describe('the number behind it, such as `540 of 540 polls answered`'),
  detail: z.string(),
  findings: z.array(z.string()),
  evidence: z.array(evidenceSchema).max(3),
})
export type Check = z.infer<typeof checkSchema>

/** Something the reader must know before believing anything below it. */
export const caveatSchema = z.strictObject({
  kind: z.enum([
    'missing-source',
    'no-overlap',
    'gap',
    'clock',
    'date',
    'unreadable',
    'level',
    'limit',
    'empty',
  ]),
  severity: severitySchema,
  text: z.string(),
})
export type Caveat = z.infer<typeof caveatSchema>

export const reportDocumentSchema = z
  .strictObject({
    document: z.literal('warren-report'),
    version: z.literal(REPORT_VERSION),
    verdict: verdictSchema,
    sentence: z.string().describe('the verdict in one sentence'),
    window: z.strictObject({
      from: instant.nullable(),
      to: instant.nullable(),
      durationMs: milliseconds,
      zone: z.string().describe('zone in which instants are written: always UTC'),
      dateKnown: z.boolean(),
      since: instant.nullable().describe('limit asked for by the operator'),
      until: instant.nullable(),
    }),
    numbers: z.array(numberRowSchema).describe('the numbers behind the verdict'),
    totals: z.strictObject({
      lines: count,
      bytes: count,
      files: count,
      sources: count,
      unreadable: count,
      errors: count.describe('findings by severity'),
      warnings: count,
      infos: count,
    }),
    caveats: z.array(caveatSchema).describe('said first, most serious first'),
    sources: z.array(sourceSchema),
    components: z.array(componentSchema),
    clocks: z.array(clockSchema),
    links: z.array(linkSchema),
    transactions: z
      .array(transactionSchema)
      .max(2)
      .describe('one poll and, where there was one, one task'),
    findings: z.array(findingSchema).describe('errors first, then warnings, then information'),
    checklist: z.array(checkSchema),
    conclusion: z.strictObject({
      text: z.string(),
      supported: z.array(z.string()).describe('what the evidence supports'),
      notSupported: z.array(z.string()).describe('what it does not'),
    }),
  })
  .meta({
    title: 'Warren health report',
    description: `Health report of a cohort-discovery network, version ${REPORT_VERSION}`,
  })
export type ReportDocument = z.infer<typeof reportDocumentSchema>

/** JSON Schema (draft 2020-12) of the document, for people who read the JSON with other tools. */
export function reportJsonSchema(): unknown {
  return z.toJSONSchema(reportDocumentSchema)
}
