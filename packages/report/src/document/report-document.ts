import { z } from 'zod'
import { comparisonSchema } from './comparison-schema.ts'
import { caveatSchema, checkSchema, findingSchema, transactionSchema } from './finding-schema.ts'
import { clockSchema, linkSchema } from './link-schema.ts'
import { QUOTE_MODES } from '../vocabulary/quotes/quote-mode.ts'
import { count, instant, milliseconds, numberRowSchema, verdictSchema } from './schema-parts.ts'
import { componentSchema, sourceSchema } from './source-schema.ts'

export type { Evidence, LinkState, NumberRow, Verdict } from './schema-parts.ts'
export type { Component, Source } from './source-schema.ts'
export type { BucketState, Clock, Latency, Link, LinkView, Series } from './link-schema.ts'
export type { Caveat, Check, Finding, Transaction } from './finding-schema.ts'

/**
 * The report as data, independent of its rendering. Every document follows these rules:
 * - The same logs and options give the same bytes: there is no generation time, no random ID, and the order is stable.
 * - Every text is masked. Renderers only escape.
 * - Every instant is UTC, `YYYY-MM-DDTHH:MM:SS.sssZ`. If `timeRange.dateKnown` is false, the date is a placeholder (1970-01-01 and
 *   following days), and renderers must show the time of day only.
 * - Durations and latencies are milliseconds, rates are 0 to 1.
 * - IDs (`sources[].id`, `components[].id`, `links[].id`, `findings[].id`) are unique in their list; other lists refer to them.
 *
 * The description of `version` states what a new version may change.
 */
export const REPORT_VERSION = '1.3'
const VERSION_POLICY =
  'major.minor. A new minor version only adds members, or values to an enumeration; any other change makes a new major version. Readers should accept every minor version of the major version they know, and ignore unknown members.'

export const reportDocumentSchema = z
  .strictObject({
    document: z.literal('warren-report').describe('type of the document'),
    version: z.literal(REPORT_VERSION).describe(VERSION_POLICY),
    verdict: verdictSchema.describe(
      'healthy: proven to work. recovered: failed, proven to work at the end of the logs. degraded: works with problems. unhealthy: something does not work. unknown: not enough evidence',
    ),
    sentence: z.string().describe('the verdict in one or two sentences'),
    timeRange: z
      .strictObject({
        from: instant
          .nullable()
          .describe('first event of any source; null if no event has a known time'),
        to: instant.nullable().describe('last event of any source'),
        durationMs: milliseconds.describe('length of the time range'),
        zone: z.string().describe('time zone of every instant: always UTC'),
        dateKnown: z
          .boolean()
          .describe(
            'false: the date of every instant is a placeholder, only its time of day is valid',
          ),
        since: instant.nullable().describe('value of --since'),
        until: instant.nullable().describe('value of --until'),
      })
      .describe('time that the report covers'),
    quotes: z
      .enum(QUOTE_MODES)
      .describe(
        'how log lines are quoted. known: only words and values that lines of known programs contain, the rest is …. full: whole lines in which recognised secrets are masked; such a report must not be passed on',
      ),
    numbers: z.array(numberRowSchema).describe('key figures'),
    totals: z
      .strictObject({
        lines: count.describe('lines read'),
        bytes: count.describe('bytes read, after decompression'),
        files: count.describe('files read'),
        sources: count.describe('sources found in the files'),
        unreadable: count.describe('lines that were not recognised'),
        errors: count.describe('findings with severity error'),
        warnings: count.describe('findings with severity warning'),
        infos: count.describe('findings with severity info'),
      })
      .describe('how much was read and found'),
    caveats: z
      .array(caveatSchema)
      .describe('limits of the evidence, most severe first; shown first'),
    sources: z.array(sourceSchema).describe('logs that were read'),
    components: z.array(componentSchema).describe('programs and services of the network'),
    clocks: z
      .array(clockSchema)
      .describe('clock skew between components, if polls could be matched'),
    links: z.array(linkSchema).describe('connections between components'),
    transactions: z
      .array(transactionSchema)
      .max(2)
      .describe('one poll and, if there was one, one task'),
    findings: z.array(findingSchema).describe('findings: errors first, then warnings, then info'),
    checklist: z.array(checkSchema).describe('checks of system health'),
    conclusion: z
      .strictObject({
        text: z.string().describe('conclusion in one or two sentences'),
        supported: z.array(z.string()).describe('statements that the evidence supports'),
        notSupported: z.array(z.string()).describe('statements that it does not support'),
      })
      .describe('what the evidence supports and what it does not'),
    comparison: comparisonSchema
      .optional()
      .describe('before and after; only with --against or --since-fix'),
  })
  .meta({
    title: 'Warren health report',
    description: `Health report of a cohort-discovery network, version ${REPORT_VERSION}. ${VERSION_POLICY}`,
  })
export type ReportDocument = z.infer<typeof reportDocumentSchema>

/** JSON Schema (draft 2020-12) of the document, for other programs that read the JSON. */
export function reportJsonSchema(): z.core.JSONSchema.JSONSchema {
  return z.toJSONSchema(reportDocumentSchema)
}
