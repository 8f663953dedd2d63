import { z } from 'zod'
import type { JsonRecord } from './json-parts.ts'

/** A record, as the reader of JSON records reads it. */
interface ExportedRecord {
  readonly line: unknown
  readonly timestamp: string
  readonly labels: JsonRecord
}

/** JSON in which the parts of a record do not stand next to each other. */
interface DocumentForm {
  /** How such a file begins. */
  readonly begins: RegExp
  /** The records; undefined if it is not such a document. */
  readonly records: (document: unknown) => readonly ExportedRecord[] | undefined
}

const attributesSchema = z
  .array(z.object({ key: z.string(), value: z.object({ stringValue: z.string().optional() }) }))
  .default([])
const nanosSchema = z.union([z.string(), z.number()]).optional()
const otlpSchema = z.object({
  resourceLogs: z.array(
    z.object({
      resource: z.object({ attributes: attributesSchema }).default({ attributes: [] }),
      scopeLogs: z.array(
        z.object({
          logRecords: z.array(
            z.object({
              timeUnixNano: nanosSchema,
              observedTimeUnixNano: nanosSchema,
              body: z.object({ stringValue: z.string().optional() }).optional(),
            }),
          ),
        }),
      ),
    }),
  ),
})

/** OTLP: the file exporter of an OpenTelemetry collector. */
function otlpRecords(document: unknown): ExportedRecord[] | undefined {
  const batch = otlpSchema.safeParse(document)
  return batch.data?.resourceLogs.flatMap(({ resource, scopeLogs }) => {
    const labels = Object.fromEntries(
      resource.attributes.map(({ key, value }) => [key, value.stringValue ?? '']),
    )
    return scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map(({ timeUnixNano, observedTimeUnixNano, body }) => ({
        line: body?.stringValue ?? '',
        timestamp: String(timeUnixNano ?? observedTimeUnixNano ?? ''),
        labels,
      })),
    )
  })
}

const insightsSchema = z.object({
  results: z.array(z.array(z.object({ field: z.string(), value: z.string().default('') }))),
})

/** CloudWatch Logs Insights (`aws logs get-query-results`): each record is a list of fields. */
function insightsRecords(document: unknown): ExportedRecord[] | undefined {
  return insightsSchema.safeParse(document).data?.results.map((fields) => {
    const labels = Object.fromEntries(fields.map(({ field, value }) => [field, value]))
    return { line: labels['@message'] ?? '', timestamp: labels['@timestamp'] ?? '', labels }
  })
}

const tablesSchema = z.object({
  tables: z.array(
    z.object({
      columns: z.array(z.object({ name: z.string() })),
      rows: z.array(z.array(z.unknown())),
    }),
  ),
})

/** Azure Log Analytics (its query API): each record is a list of values. */
function tableRecords(document: unknown): ExportedRecord[] | undefined {
  return tablesSchema.safeParse(document).data?.tables.flatMap(({ columns, rows }) =>
    rows.map((values) => {
      const labels: JsonRecord = Object.fromEntries(
        columns.map(({ name }, index) => [name, values[index]]),
      )
      const line = labels['LogMessage'] ?? labels['LogEntry'] ?? ''
      return { line, timestamp: String(labels['TimeGenerated']), labels }
    }),
  )
}

/** A further form needs an entry here and a sample in the test. */
const DOCUMENT_FORMS: readonly DocumentForm[] = [
  { begins: /^\{\s*"resourceLogs"\s*:/, records: otlpRecords },
  { begins: /^\{\s*"results"\s*:\s*\[\s*\[\s*\{\s*"field"/, records: insightsRecords },
  { begins: /^\{\s*"tables"\s*:\s*\[\s*\{[^[]*"columns"/, records: tableRecords },
]

export function isDocument(beginning: string): boolean {
  return DOCUMENT_FORMS.some(({ begins }) => begins.test(beginning))
}

/** The records of a document as JSON; undefined if it has no known form. */
export function recordsOf(text: string): string[] | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  const form = DOCUMENT_FORMS.find(({ begins }) => begins.test(text))
  return form?.records(parsed)?.map((record) => JSON.stringify(record))
}
