import type { TablePart } from '@warren/cdm'
import type { StatementParts } from '@warren/cohort'
import { smallestShown, type DisclosurePolicy } from '@warren/disclosure'
import type { Row } from '../../sources/cdm-source.ts'
import { isOfPerson } from '../people-in.ts'
import type { DisclosedRow } from '../row-sink.ts'

export const STATISTICS_COLUMNS = ['p05', 'p25', 'p50', 'p75', 'p95', 'mean'] as const

type Statistics = Pick<DisclosedRow, 'min' | 'q1' | 'median' | 'mean' | 'q3' | 'max'>

export const NO_STATISTICS: Statistics = {
  min: null,
  q1: null,
  median: null,
  mean: null,
  q3: null,
  max: null,
}

/** The share of people below MIN and above MAX. */
const TAIL = 0.05

/** Statistics of fewer people than this say too much about each of them, whatever the threshold. */
const FEWEST_PEOPLE = 200

/** So many people have a value that at least the smallest count that may be shown are below MIN, and above MAX. */
const fewestPeople = (policy: DisclosurePolicy): number =>
  Math.max(FEWEST_PEOPLE, Math.ceil(smallestShown(policy) / TAIL))

const percentile = (share: number): string =>
  `percentile_cont(${String(share)}) WITHIN GROUP (ORDER BY v.value)`

/**
 * Statistics of the values of each concept. Each person counts with the mean of their values. MIN and MAX are the 5th and
 * 95th percentiles, and the mean is that of the values limited to them, so that no figure is the value of an extreme
 * person. Concepts with several units, or too few people, have none.
 */
export function statisticsSql(
  parts: StatementParts,
  { table, concept }: TablePart,
  { number, policy }: { number: number; policy: DisclosurePolicy },
): string {
  const type = parts.dialect.doubleType
  const value = table.event?.value ?? 'NULL'
  const unit = `coalesce(e.${table.event?.unit ?? 'NULL'}, 0)`
  const values = `SELECT e.${concept} AS concept_id, e.person_id,
        avg(CAST(e.${value} AS ${type})) AS value,
        min(${unit}) AS first_unit, max(${unit}) AS last_unit
      FROM ${parts.table(table.name)} e
      WHERE e.${value} IS NOT NULL AND ${isOfPerson(parts)}
      GROUP BY e.${concept}, e.person_id`
  return `SELECT ${String(number)} AS part, l.concept_id, min(l.p05) AS p05, min(l.p25) AS p25, min(l.p50) AS p50,
    min(l.p75) AS p75, min(l.p95) AS p95, avg(least(greatest(v.value, l.p05), l.p95)) AS mean
  FROM (
    SELECT v.concept_id, ${percentile(TAIL)} AS p05, ${percentile(0.25)} AS p25, ${percentile(0.5)} AS p50,
      ${percentile(0.75)} AS p75, ${percentile(1 - TAIL)} AS p95
    FROM (
      ${values}
    ) v
    GROUP BY v.concept_id
    HAVING count(*) >= ${parts.whole(fewestPeople(policy))} AND min(v.first_unit) = max(v.last_unit)
  ) l JOIN (
      ${values}
    ) v ON v.concept_id = l.concept_id
  GROUP BY l.concept_id`
}

/** The statistics in a row, rounded to about a hundredth of their spread. */
export function readStatistics(row: Row): Statistics {
  const [min, q1, median, q3, max, mean] = STATISTICS_COLUMNS.map((column) => row[column])
  if (!isNumber(min) || !isNumber(q1) || !isNumber(median)) return NO_STATISTICS
  if (!isNumber(q3) || !isNumber(max) || !isNumber(mean)) return NO_STATISTICS
  const spread = max > min ? max - min : Math.abs(max)
  const digits = spread === 0 ? 0 : 1 - Math.floor(Math.log10(spread))
  const round = (value: number): number => roundTo(value, digits)
  return {
    min: round(min),
    q1: round(q1),
    median: round(median),
    mean: round(mean),
    q3: round(q3),
    max: round(max),
  }
}

const isNumber = (value: Row[string] | undefined): value is number =>
  typeof value === 'number' && Number.isFinite(value)

/** `number` times a power of ten. Text avoids digits such as 0.30000000000000004. */
function shift(number: number, by: number): number {
  const [mantissa = '0', exponent = '0'] = String(number).split('e')
  return Number(`${mantissa}e${String(Number(exponent) + by)}`)
}

/** Rounds to a number of decimals, which may be negative. */
function roundTo(value: number, digits: number): number {
  return shift(Math.round(shift(value, digits)), -digits)
}
