import { meetsTarget, type Measurement, shortNumber } from '@warren/testkit'
import type { BenchmarkRun } from './run-benchmark.ts'

const HEADS = ['benchmark', 'measured', 'value', 'reference', 'ratio', 'target', 'verdict']
const NUMBERS = new Set(['value', 'reference', 'ratio', 'target'])

/** One table of all measurements. */
export function benchTable(runs: readonly BenchmarkRun[]): string {
  const rows = runs.flatMap((run) => [
    ...run.measurements.map((measurement) => rowOf(run.name, measurement)),
    ...(run.failed ? [[run.name, 'the benchmark failed', '', '', '', '', 'FAILED']] : []),
  ])
  const widths = HEADS.map((head, at) =>
    Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0)),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) =>
        NUMBERS.has(HEADS[at] ?? '')
          ? cell.padStart(widths[at] ?? 0)
          : cell.padEnd(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return [HEADS, ...rows].map((row) => `${line(row)}\n`).join('')
}

function rowOf(name: string, measurement: Measurement): string[] {
  const { what, value, unit, reference, ratio, target } = measurement
  const met = meetsTarget(measurement)
  const limit =
    target === undefined
      ? ''
      : target.atLeast === undefined
        ? `≤ ${shortNumber(target.atMost ?? 0)}`
        : `≥ ${shortNumber(target.atLeast)}`
  return [
    name,
    what,
    `${shortNumber(value)} ${unit}`,
    reference === undefined ? '' : `${shortNumber(reference.value)} ${unit}`,
    ratio === undefined ? '' : shortNumber(ratio),
    target?.of === 'ratio' ? `ratio ${limit}` : limit === '' ? '' : `${limit} ${unit}`,
    met === undefined ? '' : met ? 'met' : 'MISSED',
  ]
}
