import type { ExplainConfig, RunConfig } from './config.ts'
import { cohortOptions, dayZone } from './omop-config.ts'
import type { SolveContext } from './solve/solve-context.ts'

/** How this site answers, whatever the task is. */
export type SiteSettings = Required<
  Pick<SolveContext, 'policy' | 'omop' | 'timeZone' | 'ages' | 'statistics'>
>

/**
 * What the settings of a site say about how a task is solved. Everything that solves tasks takes it from here, so that a
 * dry run and a check show what the daemon would send.
 */
export function siteSettings(config: ExplainConfig): SiteSettings {
  return {
    policy: { threshold: config.threshold, nearest: config.nearest },
    omop: cohortOptions(config),
    timeZone: dayZone(config),
    ages: config.ages,
    statistics: config.statistics,
  }
}

/** For the deadline of a task in its wire format. */
export function taskTimeoutMs(
  task: unknown,
  config: Pick<RunConfig, 'availabilityTimeoutMs' | 'distributionTimeoutMs'>,
): number {
  return isDistribution(task) ? config.distributionTimeoutMs : config.availabilityTimeoutMs
}

/** As the Task API distinguishes the kinds. */
export const isDistribution = (task: unknown): boolean =>
  typeof task === 'object' && task !== null && 'analysis' in task
