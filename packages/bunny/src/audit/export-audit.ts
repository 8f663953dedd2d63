import { csvLine, type CliIo } from '@warren/runtime'
import { openOutput } from '../output/result-output.ts'
import { ENTRY_COLUMNS, entryColumns } from './entry-text.ts'
import { readAudit, type AuditFilter } from './read-audit.ts'

/** Writes all entries that match to standard output, one at a time. Those of one of several collections name it. */
export async function exportAudit(
  records: readonly { readonly name: string; readonly folder: string }[],
  options: AuditFilter & { format: 'jsonl' | 'csv' },
  io: CliIo,
): Promise<void> {
  await using output = await openOutput(undefined, io.stdout)
  const isCsv = options.format === 'csv'
  if (isCsv) await output.write(csvLine([...ENTRY_COLUMNS, 'link']))
  for (const { name: link, folder } of records) {
    for await (const entry of readAudit(folder, options)) {
      if (isCsv) {
        const columns = entryColumns(entry)
        const cells = ENTRY_COLUMNS.map((column) => columns[column] ?? '')
        await output.write(csvLine([...cells, link]))
      } else {
        await output.write(`${JSON.stringify(link === '' ? entry : { ...entry, link })}\n`)
      }
    }
  }
}
