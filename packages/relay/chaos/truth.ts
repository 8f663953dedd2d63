import {
  CODE_DISTRIBUTION,
  countResult,
  decodeAlternatives,
  decodeDistribution,
  DEMOGRAPHICS_DISTRIBUTION,
  distributionResult,
  encodeAlternatives,
  encodeDistribution,
  errorResult,
  fileText,
  isFailure,
  resultFile,
  type DistributionRow,
  type EncodedResult,
  type TaskResult,
} from '@warren/task-api'
import type { QuestionKind } from './plan.ts'
import { hashOf } from './random.ts'

/** People by key: `''` for an availability result, a code, or a demographic and one of its alternatives. */
export type Figures = ReadonlyMap<string, number>
/** What a node answers. Null: it answers with an error. */
export type Truth = Figures | null

export interface Question {
  readonly kind: QuestionKind
  readonly number: number
}

const ERROR_EVERY = 23
const MAX_PEOPLE = 1_000_000

/**
 * The true answer of scripted node `node` to a question. Counts are large and random, so that the sum of some nodes is
 * never the sum of others by chance.
 */
export function trueAnswer(seed: number, node: number, { kind, number }: Question): Truth {
  const people = (salt: number) => 1 + (hashOf(seed, node, number, salt) % MAX_PEOPLE)
  if (hashOf(seed, node, number) % ERROR_EVERY === 0) return null
  if (kind === 'availability') return new Map([['', people(0)]])
  if (kind === 'demographics') {
    return new Map([
      ['SEX|male', people(1)],
      ['SEX|female', people(2)],
      ['GENOMICS|no', people(3)],
    ])
  }
  const codes = 2 + (hashOf(seed, node, number, 4) % 6)
  return new Map(
    Array.from({ length: codes }, (_, index) => [`OMOP:${8_500 + index}`, people(5 + index)]),
  )
}

/** The result with which a node sends its true answer. */
export function resultOf(
  address: { uuid: string; collection: string },
  kind: QuestionKind,
  truth: Truth,
): TaskResult {
  if (truth === null) return errorResult(address, 'the scripted node cannot answer')
  if (kind === 'availability') return countResult(address, truth.get('') ?? 0, '')
  const name = kind === 'generic' ? CODE_DISTRIBUTION : DEMOGRAPHICS_DISTRIBUTION
  const rows = kind === 'generic' ? codeRows(truth) : demographicRows(truth)
  const text = encodeDistribution(name, rows)
  const file = resultFile({ name, text, description: `${name} analysis results`, sensitive: true })
  return distributionResult(address, rows.length, [file], '')
}

/** The figures of a result. Null for an error, and 'unreadable' if they cannot be read. */
export function figuresOf(kind: QuestionKind, result: EncodedResult): Truth | 'unreadable' {
  if (isFailure(result)) return null
  if (kind === 'availability') return new Map([['', result.queryResult.count]])
  const figures = new Map<string, number>()
  const name = kind === 'generic' ? CODE_DISTRIBUTION : DEMOGRAPHICS_DISTRIBUTION
  for (const file of result.queryResult.files) {
    // A bunny adds a file about itself.
    if (file.file_name !== name) continue
    const { rows, rejected } = decodeDistribution(fileText(file))
    if (rejected > 0) return 'unreadable'
    for (const row of rows) {
      if (kind === 'generic') add(figures, row.code, row.count)
      else if (row.code !== 'AGE') addAlternatives(figures, row)
    }
  }
  return figures
}

/** The figures of several nodes, added up. */
export function sumOf(parts: readonly Figures[]): Figures {
  const sum = new Map<string, number>()
  for (const part of parts) for (const [key, people] of part) add(sum, key, people)
  return sum
}

/** Whether both have the same people. A key without people may be missing. */
export function sameFigures(a: Figures, b: Figures): boolean {
  const contains = (whole: Figures, part: Figures) =>
    [...part].every(([key, people]) => people === (whole.get(key) ?? 0))
  return contains(a, b) && contains(b, a)
}

function add(figures: Map<string, number>, key: string, people: number): void {
  figures.set(key, (figures.get(key) ?? 0) + people)
}

function addAlternatives(figures: Map<string, number>, row: DistributionRow): void {
  const alternatives = decodeAlternatives(row.alternatives)
  for (const [key, people] of alternatives) add(figures, `${row.code}|${key.toLowerCase()}`, people)
  if (alternatives.size === 0) add(figures, row.code, row.count)
}

function codeRows(figures: Figures): DistributionRow[] {
  return [...figures].map(([code, count]) => ({ ...EMPTY_ROW, code, count }))
}

function demographicRows(figures: Figures): DistributionRow[] {
  return ['SEX', 'GENOMICS'].map((code) => {
    const alternatives = new Map(
      [...figures].flatMap(([key, people]): [string, number][] =>
        key.startsWith(`${code}|`) ? [[key.slice(code.length + 1), people]] : [],
      ),
    )
    const count = [...alternatives.values()].reduce((sum, people) => sum + people, 0)
    return { ...EMPTY_ROW, code, count, alternatives: encodeAlternatives(code, alternatives) }
  })
}

const EMPTY_ROW: Omit<DistributionRow, 'code' | 'count'> = {
  biobank: 'chaos',
  description: '',
  min: null,
  q1: null,
  median: null,
  mean: null,
  q3: null,
  max: null,
  alternatives: '',
  dataset: '',
  omop: '',
  omopDescription: '',
  category: '',
}
