import { z } from 'zod'
import { caveatSchema, checkSchema, findingSchema, transactionSchema } from './finding-schema.ts'
import { clockSchema, linkSchema } from './link-schema.ts'
import { count, instant, milliseconds, numberRowSchema, verdictSchema } from './schema-parts.ts'
import { componentSchema, sourceSchema } from './source-schema.ts'

export { roleSchema } from './schema-parts.ts'
export type {
  Confidence,
  Evidence,
  LinkState,
  NumberRow,
  Party,
  Role,
  Severity,
  Verdict,
} from './schema-parts.ts'
export type { Component, Source } from './source-schema.ts'
export type { BucketState, Clock, Latency, Link, LinkView, Series } from './link-schema.ts'
export type { Caveat, Check, Finding, Transaction } from './finding-schema.ts'

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
 * What a new `version` may change is said in its description.
 */
export const REPORT_VERSION = '1.0'
const VERSION_POLICY =
  'major.minor. A new minor only adds members, or values to an enumeration; whatever else changes makes a new major. Readers should take every minor of the major they know and pass over members they do not know.'

export const reportDocumentSchema = z
  .strictObject({
    document: z.literal('warren-report').describe('what this is'),
    version: z.literal(REPORT_VERSION).describe(VERSION_POLICY),
    verdict: verdictSchema.describe(
      'healthy: proven. recovered: was broken, proven to work at the end. degraded: works in part. unhealthy: something does not work. unknown: not enough evidence',
    ),
    sentence: z.string().describe('the verdict in one sentence'),
    timeRange: z
      .strictObject({
        from: instant
          .nullable()
          .describe('first event of any source; null if none could be placed'),
        to: instant.nullable().describe('last event of any source'),
        durationMs: milliseconds.describe('length of the window'),
        zone: z.string().describe('zone in which instants are written: always UTC'),
        dateKnown: z
          .boolean()
          .describe(
            'false: the date of every instant is a placeholder, only its time of day holds',
          ),
        since: instant.nullable().describe('limit asked for by the operator'),
        until: instant.nullable().describe('limit asked for by the operator'),
      })
      .describe('the time the report is about'),
    numbers: z.array(numberRowSchema).describe('the numbers behind the verdict'),
    totals: z
      .strictObject({
        lines: count.describe('physical lines read'),
        bytes: count.describe('after decompression'),
        files: count.describe('files read'),
        sources: count.describe('sources found in them'),
        unreadable: count.describe('lines of no known format'),
        errors: count.describe('findings that are errors'),
        warnings: count.describe('findings that are warnings'),
        infos: count.describe('findings that are information'),
      })
      .describe('how much was read, and found'),
    caveats: z.array(caveatSchema).describe('said first, most serious first'),
    sources: z.array(sourceSchema).describe('what was read'),
    components: z.array(componentSchema).describe('every instance of a part of the network'),
    clocks: z.array(clockSchema).describe('how far clocks differ, where polls could be matched'),
    links: z.array(linkSchema).describe('who talks to whom'),
    transactions: z
      .array(transactionSchema)
      .max(2)
      .describe('one poll and, where there was one, one task'),
    findings: z.array(findingSchema).describe('errors first, then warnings, then information'),
    checklist: z.array(checkSchema).describe('validation of system health, row by row'),
    conclusion: z
      .strictObject({
        text: z.string().describe('what follows from all that, in a sentence or two'),
        supported: z.array(z.string()).describe('what the evidence supports'),
        notSupported: z.array(z.string()).describe('what it does not'),
      })
      .describe('what the evidence supports and what it does not'),
  })
  .meta({
    title: 'Warren health report',
    description: `Health report of a cohort-discovery network, version ${REPORT_VERSION}. ${VERSION_POLICY}`,
  })
export type ReportDocument = z.infer<typeof reportDocumentSchema>

/** JSON Schema (draft 2020-12) of the document, for people who read the JSON with other tools. */
export function reportJsonSchema(): z.core.JSONSchema.JSONSchema {
  return z.toJSONSchema(reportDocumentSchema)
}
