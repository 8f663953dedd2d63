import { statementParts, type ConceptNames } from '@warren/cohort'
import type { CdmSource } from '../sources/cdm-source.ts'

const MAX_CACHED = 20_000
/** More names do not fit into the plain words of a question. */
const MAX_LOOKED_UP = 200
/** Names are a comfort: a database without an index on `concept` must not delay questions. */
const TIMEOUT_MS = 2000
const PAUSE_AFTER_FAILURE_MS = 600_000

/** The names of concepts in the vocabulary of the site. A failure leaves names out. */
export class ConceptNameCache {
  readonly #source: Pick<CdmSource, 'query' | 'schema' | 'dialect'>
  readonly #now: () => number
  /** `null`: not in the vocabulary. */
  readonly #names = new Map<number, string | null>()
  #pausedUntil = 0

  constructor(source: Pick<CdmSource, 'query' | 'schema' | 'dialect'>, now: () => number) {
    this.#source = source
    this.#now = now
  }

  async read(concepts: readonly number[]): Promise<ConceptNames> {
    const wanted = [...new Set(concepts)].slice(0, MAX_LOOKED_UP)
    await this.#load(wanted.filter((concept) => !this.#names.has(concept)))
    const names = new Map<number, string>()
    for (const concept of wanted) {
      const name = this.#names.get(concept)
      if (name != null) names.set(concept, name)
    }
    return names
  }

  async #load(missing: readonly number[]): Promise<void> {
    // 32-bit, as the column is: a larger number is not a concept, and some engines fail to compare it.
    const ids = missing.filter((concept) => concept <= 2_147_483_647)
    if (ids.length === 0 || this.#now() < this.#pausedUntil) return
    const parts = statementParts(this.#source.dialect, this.#source.schema)
    const places = ids.map((id) => parts.whole(id)).join(', ')
    try {
      const rows = await this.#source.query(
        {
          text: `SELECT concept_id, concept_name FROM ${parts.table('concept')} WHERE concept_id IN (${places})`,
          values: parts.values,
        },
        { signal: AbortSignal.timeout(TIMEOUT_MS) },
      )
      if (this.#names.size + ids.length > MAX_CACHED) this.#names.clear()
      for (const id of ids) this.#names.set(id, null)
      for (const row of rows) {
        const name = row['concept_name']
        if (typeof name === 'string') this.#names.set(Number(row['concept_id']), name)
      }
    } catch {
      this.#pausedUntil = this.#now() + PAUSE_AFTER_FAILURE_MS
    }
  }
}
