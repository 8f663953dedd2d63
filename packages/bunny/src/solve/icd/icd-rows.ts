import { SourceError } from '@warren/database'
import { disclosePartitions, discloseWhole, revealsTheRest } from '@warren/disclosure'
import type { Row } from '../../sources/cdm-source.ts'
import { disclosedRow, type DisclosedRow, type RowProducer } from '../row-sink.ts'
import { parseCount, readRows, runQuery } from '../run-query.ts'
import type { SolveContext } from '../solve-context.ts'
import { Unanswerable } from '../unanswerable.ts'
import { ICD_CHAPTERS } from './icd-chapters.ts'
import {
  CHAPTER_PART,
  ICD_VOCABULARIES,
  icdStatement,
  mappedVocabularies,
  type IcdVocabulary,
} from './icd-statements.ts'

/** The first sentence is that of the Python bunny. */
const NOT_LOADED =
  'ICD-MAIN queries are not yet supported. The OMOP vocabulary of this site has no mappings of ICD10 or ICD10CM: they are in the table concept_relationship.'

interface IcdCode {
  readonly category: string
  readonly conceptId: string
  readonly name: string
  readonly count: number
}

interface Chapter {
  count: number
  readonly codes: IcdCode[]
}

/** True counts. They must not leave the site before they are disclosed. */
class IcdCounts {
  total = 0
  /** By position in `ICD_CHAPTERS`. */
  readonly chapters = new Map<number, Chapter>()
  #last = ''

  read(row: Row): void {
    const part = parseCount(row['part'])
    const count = parseCount(row['persons'])
    if (part === 0) {
      this.total = count
      return
    }
    const position = parseCount(row['chapter'])
    const chapter = this.chapters.get(position) ?? { count: 0, codes: [] }
    this.chapters.set(position, chapter)
    if (part === CHAPTER_PART) {
      chapter.count = count
      return
    }
    const category = String(row['category'])
    // A code may have several concepts in a vocabulary of several versions.
    if (category === this.#last) return
    this.#last = category
    const { concept_id: id, concept_name: name } = row
    chapter.codes.push({
      category,
      conceptId: id === null || id === undefined ? '' : String(id),
      name: typeof name === 'string' ? name : '',
      count,
    })
  }
}

/** The rows of an ICD-MAIN distribution: people by ICD-10 chapter, and by category within each. */
export function icdRows(context: SolveContext): RowProducer {
  return async (sink) => {
    const vocabulary = await loadedVocabulary(context)
    let counts = new IcdCounts()
    await readRows(context, icdStatement(context, vocabulary), () => {
      sink.clear()
      counts = new IcdCounts()
      return (row) => counts.read(row)
    })
    for (const row of rowsOf(counts, vocabulary, context)) sink.add(row)
  }
}

async function loadedVocabulary(context: SolveContext): Promise<IcdVocabulary> {
  let rows: readonly Row[]
  try {
    rows = await runQuery(context, mappedVocabularies(context))
  } catch (error: unknown) {
    const cause = error instanceof Unanswerable ? error.cause : undefined
    const isMissing =
      cause instanceof SourceError &&
      (cause.kind === 'missing-table' || cause.kind === 'missing-column')
    throw isMissing ? new Unanswerable('unsupported', NOT_LOADED, { cause }) : error
  }
  const loaded = ICD_VOCABULARIES.find((name) =>
    rows.some((row) => row['vocabulary_id'] === name && parseCount(row['mappings']) > 0),
  )
  if (loaded === undefined) throw new Unanswerable('unsupported', NOT_LOADED)
  return loaded
}

function* rowsOf(
  counts: IcdCounts,
  vocabulary: IcdVocabulary,
  { policy }: SolveContext,
): Generator<DisclosedRow> {
  const { knownTotal: known } = disclosePartitions(counts.total, [], policy)
  const total = { count: counts.total, known }
  for (const [position, [first, last, title]] of ICD_CHAPTERS.entries()) {
    const chapter = counts.chapters.get(position)
    if (chapter === undefined) continue
    const { whole, parts } = discloseWhole(
      chapter.count,
      chapter.codes.map(({ count }) => count),
      policy,
    )
    const mayShow = (count: number, figure: number): boolean =>
      figure > 0 && !revealsTheRest({ count, figure }, total, policy)
    if (mayShow(chapter.count, whole)) {
      yield disclosedRow({
        code: `${vocabulary}:${first}-${last}`,
        count: whole,
        description: title,
        category: 'ICD chapter',
      })
    }
    for (const [index, code] of chapter.codes.entries()) {
      const figure = parts[index] ?? 0
      if (!mayShow(code.count, figure)) continue
      yield disclosedRow({
        code: `${vocabulary}:${code.category}`,
        count: figure,
        omop: code.conceptId,
        omopDescription: code.name,
        category: 'ICD code',
      })
    }
  }
}
