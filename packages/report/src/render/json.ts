import type { ReportDocument } from '../document/report-document.ts'

/** The document as it is, indented; its schema is `warren report --json-schema`. */
export function renderJson(document: ReportDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`
}
