import { rm } from 'node:fs/promises'
import { formatTable } from '@warren/runtime'
import { FAILURES, OUTCOMES, type Outcome } from './judge.ts'
import type { ChaosReport, JudgedTask } from './run-chaos.ts'

const MAX_SHOWN = 10

export interface ReportContext {
  readonly columns: number
  /** The command that repeats the run. */
  readonly command: string
}

/** Whether every task ended as it must. */
export function hasPassed({ tasks, incidents }: ChaosReport): boolean {
  return incidents.length === 0 && tasks.every(({ verdict }) => !FAILURES.includes(verdict.outcome))
}

export async function removeLogs({ logFolder }: ChaosReport): Promise<void> {
  await rm(logFolder, { recursive: true, force: true })
}

/** The report for people: outcomes by upstream, faults, and each failed task. */
export function reportText(report: ChaosReport, { columns, command }: ReportContext): string {
  const { tasks, faults, incidents, skipped, latenciesMs, durationMs, plan } = report
  const table = (rows: readonly (readonly (string | number)[])[], head: readonly string[]) =>
    formatTable(rows, { tty: true, columns, head })
  const passed = hasPassed(report)
  const failed = tasks.filter(({ verdict }) => FAILURES.includes(verdict.outcome))
  const repeats = tasks.reduce((sum, { verdict }) => sum + verdict.explainedRepeats, 0)
  const lines = [
    `${tasks.length} tasks, ${faults.length} faults, ${seconds(durationMs)} (seed ${plan.seed})`,
    '',
    table(outcomeRows(tasks), ['outcome', 'leasing', 'once', 'all']),
    `Results took ${percentiles(latenciesMs)}.`,
    `${count(repeats, 'result')} submitted again because a fault hid the acknowledgement.`,
    '',
    table(faultRows(report), ['fault', 'times', 'seconds']),
    ...skipped.map((text) => `Not possible here: ${text}.\n`),
    ...list('Incidents', incidents),
    ...list(
      'Failed tasks',
      failed.map(({ history: { task }, verdict }) => {
        const where = `${task.kind}, ${task.manner}`
        return `${verdict.outcome}: ${task.uuid} (${where}): ${verdict.detail}`
      }),
    ),
    passed ? 'Passed.' : `Failed. Logs and histories: ${report.logFolder}`,
    `Run it again: ${command}`,
  ]
  return `${lines.join('\n')}\n`
}

/** The report for programs. */
export function reportJson(report: ChaosReport, command: string): object {
  const { tasks, faults, incidents, latenciesMs, durationMs, plan, logFolder } = report
  return {
    passed: hasPassed(report),
    seed: plan.seed,
    command,
    tasks: tasks.length,
    outcomes: Object.fromEntries(OUTCOMES.map((outcome) => [outcome, countOf(tasks, outcome)])),
    explainedRepeats: tasks.reduce((sum, { verdict }) => sum + verdict.explainedRepeats, 0),
    faults: faults.length,
    incidents,
    durationMs: Math.round(durationMs),
    latencyMs: { p50: percentile(latenciesMs, 0.5), p95: percentile(latenciesMs, 0.95) },
    failures: tasks
      .filter(({ verdict }) => FAILURES.includes(verdict.outcome))
      .map(({ history: { task }, verdict }) => ({ ...task, ...verdict })),
    ...(hasPassed(report) ? {} : { logFolder }),
  }
}

function outcomeRows(tasks: readonly JudgedTask[]): (string | number)[][] {
  const leasing = tasks.filter(({ history }) => history.task.manner === 'leasing')
  const once = tasks.filter(({ history }) => history.task.manner === 'once')
  return OUTCOMES.map((outcome) => [
    outcome,
    ...[leasing, once, tasks].map((some) => countOf(some, outcome)),
  ])
}

function countOf(tasks: readonly JudgedTask[], outcome: Outcome): number {
  return tasks.filter(({ verdict }) => verdict.outcome === outcome).length
}

function faultRows({ faults }: ChaosReport): (string | number)[][] {
  const names = [...new Set(faults.map(({ name }) => name))].toSorted()
  return names.map((name) => {
    const periods = faults.filter((fault) => fault.name === name)
    const ms = periods.reduce((sum, { fromMs, toMs = fromMs }) => sum + toMs - fromMs, 0)
    return [name, periods.length, (ms / 1_000).toFixed(1)]
  })
}

function list(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return []
  const more = items.length > MAX_SHOWN ? [`  and ${items.length - MAX_SHOWN} more`] : []
  return [`${title}:`, ...items.slice(0, MAX_SHOWN).map((item) => `  ${item}`), ...more, '']
}

function percentiles(sorted: readonly number[]): string {
  const shown = ([share, name]: readonly [number, string]) =>
    `${name} ${seconds(percentile(sorted, share))}`
  return (
    [
      [0.5, 'p50'],
      [0.95, 'p95'],
      [1, 'at most'],
    ] as const
  )
    .map(shown)
    .join(', ')
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? ' was' : 's were'}`
}
