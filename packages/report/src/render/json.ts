import type { ReportDocument } from '../document/report-document.ts'

/** The document, indented. `warren report --schema` prints its schema. */
export function renderJson(document: ReportDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`
}
