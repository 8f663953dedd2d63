export { omopCommand } from './cli/omop.command.ts'
export { loadOmop, type LoadOptions } from './load-omop.ts'
export type { LoadReport } from './load-report.ts'
export { generateOmop, type GenerateOptions, type GenerateReport } from './generate-omop.ts'
