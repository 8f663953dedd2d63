import { readFileSync, statSync } from 'node:fs'
import { ExitCode, fileErrorReason, ProgramError } from '@warren/runtime/cli'
import { z } from 'zod'
import { verdictSchema } from '../document/schema-parts.ts'
import { severitySchema } from '../vocabulary/judgement.ts'

/** The largest report is that of 1,000 clients, about 20 MB. */
const MAX_BYTES = 64 * 1024 * 1024
const MAX_ITEMS = 20_000

const text = z.string().max(10_000)
const instant = z.iso.datetime({ precision: 3 })
const amount = z.number().min(0)

/**
 * What a comparison needs of a report. Unknown members and values are accepted, so that every minor version of the document can be
 * compared.
 */
const comparedReportSchema = z.object({
  document: z.literal('warren-report'),
  version: z.string().regex(/^1\.\d+$/),
  verdict: verdictSchema,
  sentence: text,
  timeRange: z.object({
    from: instant.nullable(),
    to: instant.nullable(),
    durationMs: amount,
    dateKnown: z.boolean(),
  }),
  sources: z.array(z.object({ id: text, role: text })).max(MAX_ITEMS),
  components: z.array(z.object({ id: text, role: text, name: text, seenIn: text })).max(MAX_ITEMS),
  links: z
    .array(
      z.object({
        id: text,
        kind: text,
        from: text,
        to: text,
        name: text,
        state: text,
        results: amount,
        views: z
          .array(
            z.object({
              side: text,
              exchanges: amount,
              succeeded: amount,
              successRate: amount.max(1).nullable(),
              pollIntervalMs: amount.nullable(),
              first: instant.nullable(),
              lastSuccess: instant.nullable(),
              latency: z.object({ p50Ms: amount, p95Ms: amount }).nullable(),
            }),
          )
          .max(16),
        gaps: z.array(z.object({ from: instant, to: instant, side: text })).max(20),
        series: z
          .object({
            from: instant,
            bucketMs: amount.min(1),
            ok: z.array(amount).max(240),
            failed: z.array(amount).max(240),
          })
          .nullable(),
      }),
    )
    .max(MAX_ITEMS),
  findings: z
    .array(
      z.object({
        id: text,
        cause: text,
        severity: severitySchema,
        status: text,
        title: text,
        link: text.nullable(),
        component: text.nullable(),
        first: instant.nullable(),
        last: instant.nullable(),
        recoveredAt: instant.nullable(),
        count: amount,
        periods: z.array(z.object({ from: instant, to: instant, count: amount })).max(20),
        affects: z.array(text).max(MAX_ITEMS),
        evidence: z.array(z.object({ source: text })).max(8),
      }),
    )
    .max(MAX_ITEMS),
})
export type ComparedReport = z.infer<typeof comparedReportSchema>
export type ReportLink = ComparedReport['links'][number]
export type ReportFinding = ComparedReport['findings'][number]

/**
 * Reads a report that was saved as JSON.
 * @throws ProgramError (usage) if it cannot be read or is not a report of this major version
 */
export function readReport(file: string): ComparedReport {
  const refuse = (reason: string, cause?: unknown): ProgramError =>
    new ProgramError(`--against: ${file}: ${reason}`, {
      exitCode: ExitCode.usage,
      hint: 'Pass a report saved with --output earlier.json, or a folder with earlier logs.',
      cause,
    })
  let content: string
  try {
    const { size } = statSync(file)
    if (size > MAX_BYTES) throw refuse(`larger than ${MAX_BYTES / 1024 / 1024} MB`)
    content = readFileSync(file, 'utf8')
  } catch (error: unknown) {
    if (error instanceof ProgramError) throw error
    throw refuse(`cannot read it: ${fileErrorReason(error, 'read')}`, error)
  }
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch (error: unknown) {
    throw refuse('not a JSON document', error)
  }
  const parsed = comparedReportSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw refuse(
    `not a Warren report of version 1 (${issue === undefined ? 'unknown reason' : `${issue.path.join('.') || 'document'}: ${issue.message}`})`,
    parsed.error,
  )
}
