import type { FailOn } from './exit-code.ts'
import type { QuoteMode } from '../vocabulary/quotes/quote-mode.ts'
import type { OutputFormat } from './output-format.ts'

/** Options of the command line, unparsed. */
export interface ReportFlags {
  source?: string[]
  since?: string
  until?: string
  tz?: string
  date?: string
  expect?: string
  against?: string
  sinceFix?: string
  format?: OutputFormat
  output?: string
  failOn: FailOn
  follow?: boolean
  quote?: QuoteMode
  quiet?: boolean
  schema?: boolean
}
