// What a command line needs to start. Loading the whole package (logs, metrics, configuration) takes three times as long
// as starting Node.js.
export { ExitCode } from './process/exit-code.ts'
export { ProgramError } from './process/program-error.ts'
export { printFailure } from './process/print-failure.ts'
export { cacheCompiledCode } from './process/cache-compiled-code.ts'
export { sleep } from './process/sleep.ts'
export { processIo, type CliIo } from './terminal/cli-io.ts'
export type { OutputStream } from './terminal/output-stream.ts'
export { styles, type Styles } from './terminal/styles.ts'
export { bindCommand } from './terminal/command-help.ts'
export { formatTable, type Cell, type TableOptions } from './terminal/table.ts'
export { displayWidth } from './terminal/text-width.ts'
export { progressBar, type ProgressBar } from './terminal/progress-bar.ts'
