import { disclosePartitions, type DisclosurePolicy } from '@warren/disclosure'
import type { Row } from '../../sources/cdm-source.ts'
import { disclosedRow, type DisclosedRow, type RowProducer } from '../row-sink.ts'
import { parseCount, readRows } from '../run-query.ts'
import type { SolveContext } from '../solve-context.ts'
import { Unanswerable } from '../unanswerable.ts'
import { bandName, statisticsOfBands } from './age-bands.ts'
import { AGE_PART, demographicsStatement, SEX_PART, UNKNOWN_AGE } from './demographics-counts.ts'

/** The sexes that every receiver knows, by their names there: the vocabulary of a site may be in another language. */
const SEXES = new Map([
  [8507, 'Male'],
  [8532, 'Female'],
])

/** People without a sex, or with one that the vocabulary does not have. */
const UNKNOWN = 'Unknown'

/** A vocabulary has a handful. */
const MAX_SEXES = 1000

/** True counts. They must not leave the site before they are disclosed. */
class DemographicCounts {
  total = 0
  /** By name, in the order of the concept IDs, after Male and Female. */
  readonly sexes = new Map([...SEXES.values()].map((name) => [name, 0]))
  readonly ages = new Map<number, number>()
  #last = ''

  read(row: Row): void {
    const part = parseCount(row['part'])
    const key = `${String(part)} ${String(row['concept_id'])}`
    // A vocabulary that was loaded twice has each name twice.
    if (key === this.#last) return
    this.#last = key
    const persons = parseCount(row['persons'])
    if (part === SEX_PART) this.#addSex(row, persons)
    else if (part === AGE_PART) this.ages.set(parseBand(row['concept_id']), persons)
    else this.total = persons
  }

  #addSex(row: Row, persons: number): void {
    const name = sexName(row)
    if (this.sexes.size >= MAX_SEXES && !this.sexes.has(name)) {
      throw new Unanswerable('unsupported', 'The table person has more than 1,000 different sexes.')
    }
    this.sexes.set(name, (this.sexes.get(name) ?? 0) + persons)
  }
}

/** The rows of a DEMOGRAPHICS distribution: SEX, GENOMICS and, if the site switches it on, AGE. */
export function demographicsRows(context: SolveContext): RowProducer {
  const statement = demographicsStatement(context)
  return async (sink) => {
    let counts = new DemographicCounts()
    await readRows(context, statement, () => {
      sink.clear()
      counts = new DemographicCounts()
      return (row) => counts.read(row)
    })
    for (const row of rowsOf(counts, context.policy)) sink.add(row)
  }
}

/**
 * Sexes and ages divide the same people, so they are disclosed together. SEX and GENOMICS are always present, because
 * receivers expect them.
 */
function rowsOf(counts: DemographicCounts, policy: DisclosurePolicy): DisclosedRow[] {
  const sexes = [...counts.sexes]
  const ages = [...counts.ages]
  const { total, figures } = disclosePartitions(
    counts.total,
    [
      sexes.map(([, count]) => ({ count })),
      ages.map(([band, count]) => ({ count, isNamed: band !== UNKNOWN_AGE })),
    ],
    policy,
  )
  const bySex = sexes.map(([name], index): [string, number] => [name, figures[0]?.[index] ?? 0])
  const row = (code: string, description: string, more: Partial<DisclosedRow>): DisclosedRow =>
    disclosedRow({
      ...more,
      code,
      description,
      count: total,
      dataset: 'person',
      category: 'DEMOGRAPHICS',
    })
  const rows = [
    row('SEX', 'Sex', { alternatives: alternativesOf(bySex) }),
    row('GENOMICS', 'Genomics', { alternatives: `^No|${String(total)}^` }),
  ]
  const byBand = new Map(ages.map(([band], index) => [band, figures[1]?.[index] ?? 0]))
  const bands = [...byBand].filter(([, figure]) => figure > 0).toSorted(([a], [b]) => a - b)
  if (bands.length > 0) {
    const alternatives = alternativesOf(bands.map(([band, figure]) => [bandName(band), figure]))
    rows.push(row('AGE', 'Age', { ...statisticsOfBands(byBand), alternatives }))
  }
  return rows
}

/** If every figure is hidden, the field is empty: the .NET relay fails on a lone caret. */
function alternativesOf(figures: readonly (readonly [string, number])[]): string {
  const shown = figures.filter(([, figure]) => figure > 0)
  return shown.length === 0
    ? ''
    : `^${shown.map(([name, figure]) => `${name}|${String(figure)}^`).join('')}`
}

function sexName(row: Row): string {
  const id = row['concept_id']
  const known = typeof id === 'number' ? SEXES.get(id) : undefined
  if (known !== undefined) return known
  const name = row['concept_name']
  if (typeof name !== 'string' || id === 0) return UNKNOWN
  const plain = name.replaceAll(/[\^|\t\r\n]+/g, ' ').trim()
  if (plain === '') return UNKNOWN
  const titled = `${plain.charAt(0).toUpperCase()}${plain.slice(1).toLowerCase()}`
  // A second concept with the name of one of the two sexes is not that sex.
  return [...SEXES.values()].includes(titled) ? `${titled} (${String(id)})` : titled
}

function parseBand(value: Row[string] | undefined): number {
  const band = Number(value)
  if (Number.isSafeInteger(band)) return band
  throw new Unanswerable('internal', 'The database returned a value that is not an age.')
}
