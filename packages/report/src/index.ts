export { createReport, type ReportOptions } from './report.ts'
export { inputFiles, type InputFile } from './read/input-files.ts'
export { parseSourceOption, type SourceLabels } from './read/source-labels.ts'
export { reportCommand } from './cli/report.command.ts'
export { CAUSES, type Cause } from './vocabulary/cause.ts'
export { CAUSE_SHEET } from './vocabulary/causes/sheet.ts'
export {
  REPORT_VERSION,
  reportDocumentSchema,
  reportJsonSchema,
  type ReportDocument,
} from './document/report-document.ts'
export { renderHtml } from './render/html/render-html.ts'
export { renderJson } from './render/json.ts'
export { renderMarkdown } from './render/markdown.ts'
export { renderText } from './render/text.ts'
