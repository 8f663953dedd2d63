import {
  AlternativesFormatError,
  DEMOGRAPHICS_DISTRIBUTION,
  decodeAlternatives,
  encodeAlternatives,
  encodeDistribution,
  resultFile,
  type DistributionRow,
  type TaskResult,
} from '@warren/task-api'

import type { Aggregate, Aggregator, ResultProblem, DiscloseCount } from './aggregator.ts'
import { readDistributionFiles } from './distribution-files.ts'
import { addExactly } from './exact-sum.ts'
import { combinedRow } from './combined-row.ts'

const AGE = 'AGE'
const GENOMICS = 'GENOMICS'
const SEX = 'SEX'
const NO = 'No'

/** The only keys that SEX reports, in this order. */
const REPORTED_SEXES = ['Male', 'Female']

interface Demographic {
  readonly first: DistributionRow
  /** Lower-case key -> first spelling, people. */
  readonly alternatives: Map<string, { readonly key: string; people: number }>
  /** People in rows without alternatives. */
  countOnly: number
}

/**
 * Adds up people by demographic and alternative. `AGE` is left out because its statistics cannot be merged. There is always
 * a `GENOMICS` row. Nodes without genomics data add their people to its `No`.
 */
export class DemographicsAggregator implements Aggregator {
  readonly #collection: string
  readonly #discloseCount: DiscloseCount
  readonly #dropSuppressed: boolean
  readonly #demographics = new Map<string, Demographic>()

  constructor(options: {
    collection: string
    discloseCount: DiscloseCount
    dropSuppressedRows: boolean
  }) {
    this.#collection = options.collection
    this.#discloseCount = options.discloseCount
    this.#dropSuppressed = options.dropSuppressedRows
    this.#addTo(genomicsRow(options.collection), new Map([[NO, 0]]))
  }

  add(result: TaskResult): ReturnType<Aggregator['add']> {
    const { files, problems, unreadable } = readDistributionFiles(result, DEMOGRAPHICS_DISTRIBUTION)
    const all: ResultProblem[] = [...problems]
    let usable = 0
    let broken = 0
    for (const { rows } of files) {
      const read = rows
        .filter(({ code }) => code !== AGE)
        .map((row) => ({ row, alternatives: readAlternatives(row) }))
      const good = read.filter(({ alternatives }) => alternatives !== null)
      broken += read.length - good.length
      usable += rows.length - read.length + good.length
      this.#addFile(
        good.map(({ row, alternatives }) => ({ row, alternatives: alternatives ?? new Map() })),
      )
    }
    if (broken > 0) all.push(alternativesProblem(broken))
    return { counted: !unreadable && (broken === 0 || usable > 0), problems: all }
  }

  #addFile(rows: readonly { row: DistributionRow; alternatives: Map<string, number> }[]): void {
    let largest = 0
    for (const { row, alternatives } of rows) {
      this.#addTo(row, alternatives)
      let listed = 0
      for (const people of alternatives.values()) listed = addExactly(listed, people)
      largest = Math.max(largest, row.count, listed)
    }
    if (!rows.some(({ row }) => row.code === GENOMICS)) {
      this.#addTo(genomicsRow(this.#collection), new Map([[NO, largest]]))
    }
  }

  #addTo(row: DistributionRow, alternatives: ReadonlyMap<string, number>): void {
    let demographic = this.#demographics.get(row.code)
    if (demographic === undefined) {
      demographic = { first: row, alternatives: new Map(), countOnly: 0 }
      this.#demographics.set(row.code, demographic)
    }
    if (alternatives.size === 0) {
      demographic.countOnly = addExactly(demographic.countOnly, row.count)
    }
    for (const [key, people] of alternatives) {
      const folded = key.toLowerCase()
      const known = demographic.alternatives.get(folded)
      if (known === undefined) demographic.alternatives.set(folded, { key, people })
      else known.people = addExactly(known.people, people)
    }
  }

  finish(): Aggregate {
    const rows = [...this.#demographics.values()]
      .map((demographic) => this.#row(demographic))
      .filter(({ code, count }) => count > 0 || !this.#dropSuppressed || code === GENOMICS)
    const file = resultFile({
      name: DEMOGRAPHICS_DISTRIBUTION,
      text: encodeDistribution(DEMOGRAPHICS_DISTRIBUTION, rows),
      description: `${DEMOGRAPHICS_DISTRIBUTION} analysis results`,
      sensitive: true,
    })
    return { count: rows.length, files: [file] }
  }

  // COUNT is the sum of the disclosed alternatives. The true total would reveal suppressed counts by subtraction.
  #row({ first, alternatives, countOnly }: Demographic): DistributionRow {
    const collection = this.#collection
    if (alternatives.size === 0) {
      return combinedRow(first, {
        collection,
        count: this.#discloseCount(countOnly),
        alternatives: '',
      })
    }
    const reported =
      first.code === SEX
        ? REPORTED_SEXES.map((key) => ({
            key,
            people: alternatives.get(key.toLowerCase())?.people ?? 0,
          }))
        : [...alternatives.values()]
    const disclosed = new Map(reported.map(({ key, people }) => [key, this.#discloseCount(people)]))
    let count = 0
    for (const people of disclosed.values()) count = addExactly(count, people)
    return combinedRow(first, {
      collection,
      count,
      alternatives: encodeAlternatives(first.code, disclosed),
    })
  }
}

/** Null if a count in it is not a number. The row is then left out. */
function readAlternatives(row: DistributionRow): Map<string, number> | null {
  try {
    return decodeAlternatives(row.alternatives)
  } catch (error: unknown) {
    if (error instanceof AlternativesFormatError) return null
    throw error
  }
}

function alternativesProblem(rows: number): ResultProblem {
  return {
    file: DEMOGRAPHICS_DISTRIBUTION,
    line: 0,
    column: 'ALTERNATIVES',
    message: `contains values other than whole numbers in ${rows} ${rows === 1 ? 'row' : 'rows'}`,
  }
}

function genomicsRow(collection: string): DistributionRow {
  return {
    biobank: collection,
    code: GENOMICS,
    count: 0,
    description: 'Genomics',
    min: null,
    q1: null,
    median: null,
    mean: null,
    q3: null,
    max: null,
    alternatives: '',
    dataset: 'person',
    omop: '',
    omopDescription: '',
    category: 'Demographics',
  }
}
