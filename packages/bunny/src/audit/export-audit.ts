import type { CliIo } from '@warren/runtime'
import { openOutput } from '../output/result-output.ts'
import { csvLine } from '../output/csv.ts'
import { ENTRY_COLUMNS, entryColumns } from './entry-text.ts'
import { readAudit, type AuditFilter } from './read-audit.ts'

/** Writes all entries that match to standard output, one at a time. */
export async function exportAudit(
  folder: string,
  options: AuditFilter & { format: 'jsonl' | 'csv' },
  io: CliIo,
): Promise<void> {
  await using output = await openOutput(undefined, io.stdout)
  const isCsv = options.format === 'csv'
  if (isCsv) await output.write(csvLine(ENTRY_COLUMNS))
  for await (const entry of readAudit(folder, options)) {
    if (isCsv) {
      const columns = entryColumns(entry)
      await output.write(csvLine(ENTRY_COLUMNS.map((column) => columns[column] ?? '')))
    } else await output.write(`${JSON.stringify(entry)}\n`)
  }
}
