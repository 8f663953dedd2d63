import { statementParts } from '@warren/cohort'
import { SourceError } from '@warren/database'
import type { Logger } from '@warren/runtime'
import { BunnyEvent } from '../log-events.ts'
import type { CdmSource } from '../sources/cdm-source.ts'
import type { LoadedPolicy } from './policy-file.ts'

const NONE: ReadonlySet<number> = new Set()
const CHUNK = 500
const TIMEOUT_MS = 60_000

/** The concepts that a policy denies, with their descendants. Read from the database once per version of the policy. */
export class DeniedConcepts {
  readonly #source: Pick<CdmSource, 'query' | 'schema' | 'dialect'>
  readonly #log: Logger
  #known:
    { readonly policy: LoadedPolicy; readonly concepts: Promise<ReadonlySet<number>> } | undefined

  constructor(source: Pick<CdmSource, 'query' | 'schema' | 'dialect'>, log: Logger) {
    this.#source = source
    this.#log = log
  }

  /**
   * Rejects with `SourceError` if the database fails: a question is then not answered. Without a table `concept_ancestor`,
   * only the listed concepts are denied, and the log has a warning.
   */
  async of(loaded: LoadedPolicy): Promise<ReadonlySet<number>> {
    const { deny } = loaded.policy
    if (deny === undefined) return NONE
    if (!deny.descendants) return new Set(deny.concepts)
    if (this.#known?.policy !== loaded) {
      const concepts = this.#expand(deny.concepts)
      this.#known = { policy: loaded, concepts }
      concepts.catch(() => {
        if (this.#known?.concepts === concepts) this.#known = undefined
      })
    }
    return await this.#known.concepts
  }

  async #expand(concepts: readonly number[]): Promise<ReadonlySet<number>> {
    const denied = new Set(concepts)
    try {
      for (let start = 0; start < concepts.length; start += CHUNK) {
        const parts = statementParts(this.#source.dialect, this.#source.schema)
        const ids = concepts.slice(start, start + CHUNK).map((concept) => parts.whole(concept))
        const rows = await this.#source.query(
          {
            text: `SELECT DISTINCT descendant_concept_id FROM ${parts.table('concept_ancestor')} WHERE ancestor_concept_id IN (${ids.join(', ')})`,
            values: parts.values,
          },
          { signal: AbortSignal.timeout(TIMEOUT_MS) },
        )
        for (const row of rows) denied.add(Number(row['descendant_concept_id']))
      }
    } catch (error: unknown) {
      if (!(error instanceof SourceError && error.kind === 'missing-table')) throw error
      this.#log.warn({ detail: error.message }, BunnyEvent.policyWithoutDescendants)
    }
    return denied
  }
}
