export { CAUSES } from './document/cause.ts'
export type { Cause } from './document/cause.ts'
export {
  REPORT_VERSION,
  reportDocumentSchema,
  reportJsonSchema,
} from './document/report-document.ts'
export type { ReportDocument } from './document/report-document.ts'
