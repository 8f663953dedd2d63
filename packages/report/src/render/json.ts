import type { ReportDocument } from '../document/report-document.ts'

/** The document as it is, indented; its schema is what `warren report --schema` prints. */
export function renderJson(document: ReportDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`
}
