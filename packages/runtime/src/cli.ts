// What a command line needs before it is known whether it will be a service. Loading all of the room (logs, metrics,
// configuration) takes three times as long as starting Node does.
export { ExitCode } from './process/exit-code.ts'
export { ProgramError } from './process/program-error.ts'
export { printFailure } from './process/print-failure.ts'
export { cacheCompiledCode } from './process/cache-compiled-code.ts'
export { sleep } from './process/sleep.ts'
export { processIo, type CliIo, type OutputStream } from './terminal/cli-io.ts'
export { styles, type Styles } from './terminal/styles.ts'
export { displayWidth, formatTable, type Cell, type TableOptions } from './terminal/table.ts'
export { progressBar, type ProgressBar } from './terminal/progress-bar.ts'
