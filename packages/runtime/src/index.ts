export { ExitCode } from './process/exit-code.ts'
export { ProgramError } from './process/program-error.ts'
export { fileErrorReason } from './process/file-error.ts'
export { printFailure } from './process/print-failure.ts'
export { releaseStartMemory } from './process/release-start-memory.ts'
export { runProgram, type ProgramContext, type ProgramOptions } from './process/run-program.ts'
export { Backoff, type BackoffOptions } from './process/backoff.ts'
export { steadyTime } from './process/steady-time.ts'
export { sleep, untilAborted } from './process/sleep.ts'
export { newRequestId, newUuid } from './process/identifiers.ts'

export { setting, type ConfigProblem, type Setting, type SettingOptions } from './config/setting.ts'
export {
  settingFamily,
  type FamilyMember,
  type SettingFamilyOptions,
} from './config/setting-family.ts'
export { defineConfig, type ConfigDefinition } from './config/define-config.ts'
export { loadConfig, type LoadConfigOptions } from './config/load-config.ts'
export { ConfigError } from './config/config-error.ts'
export {
  configurationRows,
  maskedConfig,
  secretValues,
  type ConfigurationRow,
  weakSecrets,
} from './config/describe-config.ts'
export {
  booleanSetting,
  choiceSetting,
  durationSetting,
  integerSetting,
  listSetting,
  numberSetting,
  textSetting,
  urlSetting,
} from './config/setting-schemas.ts'
export { formatDuration, type DurationUnit } from './config/format-value.ts'
export { warnAboutSecrets } from './config/warn-about-secrets.ts'
export { nearestName } from './config/nearest-name.ts'

export type { Logger } from 'pino'
export { LogBudget } from './logging/log-budget.ts'
export { createLogger, type LoggerOptions } from './logging/create-logger.ts'
export { LOG_LEVELS, levelOf, logLevelSetting, type LogLevel } from './logging/log-level.ts'
export type { LogRecord, TextStyle } from './logging/log-record.ts'
export type { TextCatalogue, TextLine } from './logging/text-catalogue.ts'
export { bunnyText } from './logging/bunny-text.ts'
export { relayText } from './logging/relay-text.ts'
export { SecretMask } from './logging/secret-mask.ts'

export { LinkCounts, type CountedPolls } from './observe/link-counts.ts'
export { FailureStreak } from './observe/failure-streak.ts'
export { LinkSummary, type LinkSummaryOptions } from './observe/link-summary.ts'
export { DurationHistogram } from './observe/duration-histogram.ts'
export { createMetrics, type MetricDefinition, type Metrics } from './observe/metrics.ts'
export { Health, type CheckResult, type Readiness } from './observe/health.ts'

export { processIo, type CliIo } from './terminal/cli-io.ts'
export type { OutputStream } from './terminal/output-stream.ts'
export { styles, type Styles } from './terminal/styles.ts'
export { bindCommand } from './terminal/command-help.ts'
export { columnsOf } from './terminal/columns.ts'
export { wrapCommand } from './terminal/fit-help.ts'
export { asInvoked } from './terminal/invocation.ts'
export { LiveLine } from './terminal/live-line.ts'
export { csvLine } from './terminal/csv.ts'
export { formatTable, writeTable, type Cell, type TableOptions } from './terminal/table.ts'
export { shellWord } from './terminal/shell-word.ts'
export {
  displayWidth,
  truncate,
  longestWord,
  wrapWords,
  type WrapOptions,
} from './terminal/text-width.ts'
export { progressBar, type ProgressBar } from './terminal/progress-bar.ts'
