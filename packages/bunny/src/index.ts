export { bunnyCommand } from './cli/bunny.command.ts'
export {
  bunnyConfig,
  loadBunnyConfig,
  loadRunConfig,
  runConfig,
  type BunnyConfig,
  type RunConfig,
} from './config.ts'
export { startBunny, type BunnyDependencies, type BunnyHandle } from './bunny.ts'
export { bunnyMetricDefinitions } from './health/bunny-metrics.ts'
export { BunnyEvent } from './log-events.ts'
export { bunnyTextCatalogue } from './log-text.ts'
export { systemClock, type Clock } from './clock.ts'
export { solveTask, type Solution } from './solve/solve-task.ts'
export type { SolveContext } from './solve/solve-context.ts'
export { startDeadline, type Deadline } from './solve/run-query.ts'
export { Unanswerable, type UnanswerableCause } from './solve/unanswerable.ts'
export type {
  CdmCheck,
  CdmProblem,
  CdmProblemCode,
  CdmSource,
  CheckOptions,
  QueryOptions,
  Row,
  SqlDialect,
  SqlStatement,
  SqlValue,
} from './sources/cdm-source.ts'
export { SourceError, type SourceErrorKind } from '@warren/database'
export { openSource, type SourceConfig } from './sources/engines.ts'
