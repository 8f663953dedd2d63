import { appendFileSync } from 'node:fs'

/** One figure of a benchmark. */
export interface Measurement {
  /** What was measured: "CPU time of an empty poll". */
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly target?: Target
  /** The same, measured of something else in the same run. */
  readonly reference?: { readonly what: string; readonly value: number }
  /** The value in relation to the reference; above 1 is better than the reference. */
  readonly ratio?: number
}

export interface Target {
  /** What the target limits. */
  readonly of: 'value' | 'ratio'
  readonly atLeast?: number
  readonly atMost?: number
}

/** The file to which `npm run bench` wants the measurements of a benchmark written. */
const FILE = process.env['WARREN_BENCH_MEASUREMENTS']

/** Prints a measurement, and passes it to `npm run bench` if that has started this program. */
export function reportMeasurement(measurement: Measurement): void {
  const { what, value, unit, reference, ratio } = measurement
  const compared =
    reference === undefined ? '' : ` (${reference.what}: ${shortNumber(reference.value)} ${unit})`
  const related = ratio === undefined ? '' : `, ratio ${shortNumber(ratio)}`
  process.stdout.write(`${what}: ${shortNumber(value)} ${unit}${compared}${related}\n`)
  if (FILE !== undefined) appendFileSync(FILE, `${JSON.stringify(measurement)}\n`)
}

/** Undefined if the measurement has no target. */
export function meetsTarget({ value, ratio, target }: Measurement): boolean | undefined {
  if (target === undefined) return undefined
  const limited = target.of === 'value' ? value : (ratio ?? Number.NaN)
  return limited >= (target.atLeast ?? -Infinity) && limited <= (target.atMost ?? Infinity)
}

/** Three significant digits, with thousands separated. */
export function shortNumber(value: number): string {
  return value.toLocaleString('en-GB', { maximumSignificantDigits: value >= 1000 ? 4 : 3 })
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
