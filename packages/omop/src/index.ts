export { omopCommand } from './cli/omop.command.ts'
export { loadOmop, type LoadOptions, type LoadReport } from './load-omop.ts'
export { generateOmop, type GenerateOptions, type GenerateReport } from './generate-omop.ts'
