import { z } from 'zod'

import { MAX_LINE_BYTES, type OnLine } from './line-splitter.ts'
import type { Splitter } from './record-splitter.ts'

/** A longer line is not read. The exporter writes one line per batch, of up to some thousand records. */
const MAX_BATCH_BYTES = 16 * 1024 * 1024

const attributesSchema = z
  .array(z.object({ key: z.string(), value: z.object({ stringValue: z.string().optional() }) }))
  .default([])
const batchSchema = z.object({
  resourceLogs: z.array(
    z.object({
      resource: z.object({ attributes: attributesSchema }).default({ attributes: [] }),
      scopeLogs: z.array(
        z.object({
          logRecords: z.array(
            z.object({
              timeUnixNano: z.union([z.string(), z.number()]).optional(),
              observedTimeUnixNano: z.union([z.string(), z.number()]).optional(),
              body: z.object({ stringValue: z.string().optional() }).optional(),
            }),
          ),
        }),
      ),
    }),
  ),
})

/**
 * Splits OTLP JSON (the file exporter of an OpenTelemetry collector) into one record per log record, as a JSON object with `line`,
 * `timestamp` and `labels`.
 */
export class OtlpSplitter implements Splitter {
  readonly #onLine: OnLine
  #pieces: Buffer[] = []
  #length = 0
  #line = 1

  constructor(onLine: OnLine) {
    this.#onLine = onLine
  }

  get lines(): number {
    return this.#line - 1
  }

  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      const newline = chunk.indexOf(10, at)
      const end = newline < 0 ? chunk.length : newline
      this.#keep(chunk.subarray(at, end))
      if (newline < 0) return
      this.#passOn()
      at = newline + 1
    }
  }

  finish(): void {
    if (this.#length > 0) this.#passOn()
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length
    // The chunk is reused by its reader.
    if (this.#length <= MAX_BATCH_BYTES) this.#pieces.push(Buffer.from(piece))
    else this.#pieces = []
  }

  #passOn(): void {
    const text = this.#length > MAX_BATCH_BYTES ? '' : Buffer.concat(this.#pieces).toString()
    this.#pieces = []
    this.#length = 0
    const line = this.#line++
    const records = recordsOf(text)
    // An unreadable line is passed on as it is, and counted as such.
    for (const record of records ?? [text]) {
      const bytes = Buffer.from(record)
      const length = Math.min(bytes.length, MAX_LINE_BYTES)
      this.#onLine(bytes, 0, length, line, length < bytes.length)
    }
  }
}

function recordsOf(text: string): string[] | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  const batch = batchSchema.safeParse(parsed)
  if (!batch.success) return undefined
  return batch.data.resourceLogs.flatMap(({ resource, scopeLogs }) => {
    const labels = Object.fromEntries(
      resource.attributes.map(({ key, value }) => [key, value.stringValue ?? '']),
    )
    return scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map(({ timeUnixNano, observedTimeUnixNano, body }) =>
        JSON.stringify({
          line: body?.stringValue ?? '',
          timestamp: String(timeUnixNano ?? observedTimeUnixNano ?? ''),
          labels,
        }),
      ),
    )
  })
}
