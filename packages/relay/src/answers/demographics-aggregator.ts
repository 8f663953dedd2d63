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

import type { Aggregate, Aggregator, ResultProblem, Publish } from './aggregator.ts'
import { readDistributionFiles } from './distribution-files.ts'
import { addExactly } from './exact-sum.ts'
import { combinedRow } from './combined-row.ts'

const AGE = 'AGE'
const GENOMICS = 'GENOMICS'
const SEX = 'SEX'
const NO = 'No'

/** The only keys a reader of SEX sees, in this order. */
const SHOWN_SEXES = ['Male', 'Female']

interface Demographic {
  readonly first: DistributionRow
  /** Folded key -> spelling first seen, people. */
  readonly alternatives: Map<string, { readonly key: string; people: number }>
  /** People of rows that have no alternatives. */
  countOnly: number
}

/**
 * People per demographic and alternative. `AGE` is left out: its statistics cannot be merged. There is
 * always a `GENOMICS` row; nodes that know nothing of genomics add their people to its `No`.
 */
export class DemographicsAggregator implements Aggregator {
  readonly #collection: string
  readonly #publish: Publish
  readonly #dropSuppressed: boolean
  readonly #demographics = new Map<string, Demographic>()

  constructor(options: { collection: string; publish: Publish; dropSuppressedRows: boolean }) {
    this.#collection = options.collection
    this.#publish = options.publish
    this.#dropSuppressed = options.dropSuppressedRows
    this.#addTo(genomicsRow(options.collection), new Map([[NO, 0]]))
  }

  add(answer: TaskResult): ReturnType<Aggregator['add']> {
    const { files, problems, unreadable } = readDistributionFiles(answer, DEMOGRAPHICS_DISTRIBUTION)
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

  // COUNT is the sum of the alternatives as published. Publishing the true total beside them would let
  // anybody subtract, and learn what was hidden.
  #row({ first, alternatives, countOnly }: Demographic): DistributionRow {
    const collection = this.#collection
    if (alternatives.size === 0) {
      return combinedRow(first, { collection, count: this.#publish(countOnly), alternatives: '' })
    }
    const shown =
      first.code === SEX
        ? SHOWN_SEXES.map((key) => ({
            key,
            people: alternatives.get(key.toLowerCase())?.people ?? 0,
          }))
        : [...alternatives.values()]
    const published = new Map(shown.map(({ key, people }) => [key, this.#publish(people)]))
    let count = 0
    for (const people of published.values()) count = addExactly(count, people)
    return combinedRow(first, {
      collection,
      count,
      alternatives: encodeAlternatives(first.code, published),
    })
  }
}

/** Null: its numbers are no numbers, so the row says nothing. */
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
    message: `holds something else than whole numbers of people in ${rows} row(s)`,
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
