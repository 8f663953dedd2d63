import type { CombineOptions } from '../../src/answers/combine-results.ts'
import { loadRelayConfig } from '../../src/config/relay-config.ts'
import { combineOptions, type TaskSettings } from '../../src/tasks/task-settings.ts'

/** The settings of a relay with the default configuration. */
export const TASK_SETTINGS: TaskSettings = loadRelayConfig({})

export const COMBINE_OPTIONS: CombineOptions = combineOptions(TASK_SETTINGS)
