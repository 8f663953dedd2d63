import {
  AlternativesFormatError,
  DEMOGRAPHICS_DISTRIBUTION,
  decodeAlternatives,
  encodeAlternatives,
  encodeDistribution,
  resultFile,
  type DistributionLine,
  type DistributionRow,
  type EncodedResult,
} from '@warren/task-api/messages'

import {
  maxFileBytes,
  combinedTooLarge,
  tooManyPeople,
  type Aggregate,
  type Aggregator,
  type AggregatorOptions,
} from './aggregator.ts'
import { MAX_CODE_LENGTH, MAX_NAME_LENGTH } from './combine-bounds.ts'
import { readDistributionFiles } from './distribution-files.ts'
import { LeftOutRows } from './left-out-rows.ts'
import { PeopleCount } from './people-count.ts'
import { combinedRow, rowBytes, RowNameReader, type RowNames } from './row-names.ts'
import { copyOf, isSafeCode, safeText } from './safe-text.ts'

const AGE = 'AGE'
const GENOMICS = 'GENOMICS'
const SEX = 'SEX'
const NO = 'No'

/** The only keys that SEX reports, in this order. */
const REPORTED_SEXES = ['Male', 'Female']

const GENOMICS_NAMES: RowNames = {
  description: 'Genomics',
  dataset: 'person',
  omop: '',
  omopDescription: '',
  category: 'Demographics',
}

// A separator, a count and a separator.
const BYTES_PER_ALTERNATIVE = 20

interface Demographic {
  readonly names: RowNames
  /** Lower-case key -> first spelling, people. */
  readonly alternatives: Map<string, { readonly key: string; people: number }>
  /** People in rows with alternatives. Bounds the sum of all alternatives, and so each of them. */
  readonly listed: PeopleCount
  /** People in rows without alternatives. */
  readonly countOnly: PeopleCount
}

interface NodeRow {
  readonly code: string
  readonly count: number
  readonly alternatives: ReadonlyMap<string, number>
  /** The sum of the alternatives. */
  readonly listed: number
}

/**
 * Adds up people by demographic and alternative. `AGE` is left out because its statistics cannot be merged. There is always
 * a `GENOMICS` row. Nodes without genomics data add their people to its `No`.
 */
export class DemographicsAggregator implements Aggregator {
  readonly #options: AggregatorOptions
  readonly #demographics = new Map<string, Demographic>()
  readonly #names = new RowNameReader()
  #bytesLeft: number
  #nodes = 0

  constructor(options: AggregatorOptions) {
    this.#options = options
    this.#bytesLeft = maxFileBytes(options.bounds)
    this.#addTo(this.#nodes, withoutGenomics(0), GENOMICS_NAMES)
  }

  add(result: EncodedResult): ReturnType<Aggregator['add']> {
    this.#nodes++
    const leftOut = new LeftOutRows(DEMOGRAPHICS_DISTRIBUTION)
    let rows = 0
    const { problems, unreadable } = readDistributionFiles(
      result,
      DEMOGRAPHICS_DISTRIBUTION,
      this.#options.bounds,
      (lines) => {
        rows += this.#addFile(lines, leftOut)
      },
    )
    const isUsable = rows === 0 || rows > leftOut.rows
    return { counted: !unreadable && isUsable, problems: [...problems, ...leftOut.toProblems()] }
  }

  /** Returns the number of rows. */
  #addFile(lines: Iterable<DistributionLine>, leftOut: LeftOutRows): number {
    let rows = 0
    let largest = 0
    let hasGenomics = false
    for (const line of lines) {
      rows++
      if (line.code === AGE) continue
      const row = line.row()
      const read = this.#readRow(row, leftOut)
      if (read === null) continue
      const problem = this.#addTo(this.#nodes, read, () => this.#names.read(row))
      if (problem !== undefined) {
        leftOut.add('', problem)
        continue
      }
      largest = Math.max(largest, read.count, read.listed)
      hasGenomics ||= read.code === GENOMICS
    }
    if (!hasGenomics) this.#addTo(this.#nodes, withoutGenomics(largest), GENOMICS_NAMES)
    return rows
  }

  /** Null: the row is left out. */
  #readRow({ code, count, alternatives }: DistributionRow, leftOut: LeftOutRows): NodeRow | null {
    const { bounds } = this.#options
    if (!isSafeCode(code, MAX_CODE_LENGTH)) {
      leftOut.add('CODE', 'is not a code')
      return null
    }
    const read = readAlternatives(alternatives)
    if (read === null) {
      leftOut.add('ALTERNATIVES', 'contains values other than whole numbers')
      return null
    }
    let listed = 0
    for (const people of read.values()) listed += people
    if (Math.max(count, listed) > bounds.maxNodeCount) {
      leftOut.add('COUNT', tooManyPeople(bounds))
      return null
    }
    return { code, count, alternatives: read, listed }
  }

  /** Returns why the row was left out, if it was. */
  #addTo(node: number, row: NodeRow, names: RowNames | (() => RowNames)): string | undefined {
    const { bounds, collection } = this.#options
    let bytes = 0
    let demographic = this.#demographics.get(row.code)
    if (demographic === undefined) {
      demographic = {
        names: typeof names === 'function' ? names() : names,
        alternatives: new Map(),
        listed: new PeopleCount(),
        countOnly: new PeopleCount(),
      }
      bytes = rowBytes(collection, row.code, demographic.names)
    }
    const known = demographic.alternatives
    const alternatives = [...row.alternatives].map(([key, people]) => ({
      key,
      folded: key.toLowerCase(),
      people,
    }))
    for (const { key, folded } of alternatives) {
      if (!known.has(folded)) bytes += BYTES_PER_ALTERNATIVE + Buffer.byteLength(key)
    }
    if (bytes > this.#bytesLeft) return combinedTooLarge(bounds)
    const [total, people] =
      alternatives.length === 0
        ? [demographic.countOnly, row.count]
        : [demographic.listed, row.listed]
    if (!total.add(node, people, bounds.maxNodeCount)) return tooManyPeople(bounds)
    this.#bytesLeft -= bytes
    if (!this.#demographics.has(row.code)) {
      this.#demographics.set(copyOf(row.code), demographic)
    }
    for (const { key, folded, people: ofKey } of alternatives) {
      const alternative = known.get(folded)
      if (alternative === undefined) known.set(folded, { key, people: ofKey })
      else alternative.people += ofKey
    }
    return undefined
  }

  finish(): Aggregate {
    const { dropSuppressedRows } = this.#options
    const rows = [...this.#demographics]
      .map(([code, demographic]) => this.#row(code, demographic))
      .filter(({ code, count }) => count > 0 || !dropSuppressedRows || code === GENOMICS)
    const file = resultFile({
      name: DEMOGRAPHICS_DISTRIBUTION,
      text: encodeDistribution(DEMOGRAPHICS_DISTRIBUTION, rows),
      description: `${DEMOGRAPHICS_DISTRIBUTION} analysis results`,
      sensitive: true,
    })
    return { count: rows.length, files: [file] }
  }

  // COUNT is the sum of the disclosed alternatives. The true total would reveal suppressed counts by subtraction.
  #row(code: string, { names, alternatives, countOnly }: Demographic): DistributionRow {
    const { collection, discloseCount } = this.#options
    if (alternatives.size === 0) {
      const people = discloseCount(countOnly.people)
      return combinedRow(names, { biobank: collection, code, count: people, alternatives: '' })
    }
    const reported =
      code === SEX
        ? REPORTED_SEXES.map((key) => ({
            key,
            people: alternatives.get(key.toLowerCase())?.people ?? 0,
          }))
        : [...alternatives.values()]
    const disclosed = new Map(reported.map(({ key, people }) => [key, discloseCount(people)]))
    let count = 0
    for (const people of disclosed.values()) count += people
    return combinedRow(names, {
      biobank: collection,
      code,
      count,
      alternatives: encodeAlternatives(code, disclosed),
    })
  }
}

/** Null if a count in it is not a number. */
function readAlternatives(text: string): Map<string, number> | null {
  try {
    const safe = new Map<string, number>()
    for (const [given, people] of decodeAlternatives(text)) {
      const key = safeText(given, MAX_NAME_LENGTH)
      safe.set(key, (safe.get(key) ?? 0) + people)
    }
    return safe
  } catch (error: unknown) {
    if (error instanceof AlternativesFormatError) return null
    throw error
  }
}

function withoutGenomics(people: number): NodeRow {
  return { code: GENOMICS, count: 0, alternatives: new Map([[NO, people]]), listed: people }
}
