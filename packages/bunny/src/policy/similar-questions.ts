import { z } from 'zod'
import { readStateFile, StateFile } from '../state/state-file.ts'

/** A question that was asked, as hashes of its criteria. */
interface AskedQuestion {
  readonly at: number
  readonly owner: string
  readonly sha256: string
  readonly criteria: ReadonlySet<string>
}

interface NewQuestion {
  readonly owner: string
  readonly sha256: string
  readonly criteria: readonly string[]
  readonly now: number
}

const storedSchema = z.object({
  format: z.literal(1),
  asked: z.array(
    z.object({
      at: z.number(),
      owner: z.string(),
      sha256: z.string(),
      criteria: z.array(z.string()),
    }),
  ),
})

const WITHIN_MS = 24 * 3_600_000
const MAX_QUESTIONS = 2000
/** Of all questions together: two megabytes on disk. */
const MAX_CRITERIA = 100_000
/** Changing one criterion takes one away and adds one; negating it does too. */
const MAX_DIFFERENCE = 2

/**
 * The questions of the last 24 hours, to notice when an owner asks for many numbers that differ in one criterion: the
 * difference of two such numbers can reveal a few people. With a file, they survive a restart.
 */
export class SimilarQuestions {
  readonly #asked: AskedQuestion[]
  readonly #file: StateFile
  #criteria: number

  private constructor(path: string | undefined, asked: readonly AskedQuestion[]) {
    this.#asked = [...asked]
    this.#criteria = asked.reduce((sum, { criteria }) => sum + criteria.size, 0)
    this.#file = new StateFile(path, () => ({
      format: 1,
      asked: this.#asked.map((one) => ({ ...one, criteria: [...one.criteria] })),
    }))
  }

  /** Rejects if the file exists and is not readable: questions that were asked must not be forgotten. */
  static async open(path: string | undefined): Promise<SimilarQuestions> {
    const stored = path === undefined ? undefined : await readStateFile(path)
    if (stored === undefined) return new SimilarQuestions(path, [])
    const { asked } = storedSchema.parse(stored)
    return new SimilarQuestions(
      path,
      asked.map((one) => ({ ...one, criteria: new Set(one.criteria) })),
    )
  }

  /** How many earlier questions of the owner differ from this one in one criterion, each counted once. */
  count(question: NewQuestion): number {
    const { owner, sha256, now } = question
    const criteria = new Set(question.criteria)
    if (criteria.size === 0) return 0
    const near = new Set<string>()
    for (const asked of this.#asked) {
      if (asked.owner !== owner || asked.sha256 === sha256 || asked.at < now - WITHIN_MS) continue
      if (near.has(asked.sha256)) continue
      if (isNear(criteria, asked.criteria)) near.add(asked.sha256)
    }
    return near.size
  }

  /** Resolves when the question is on disk, if there is a file. */
  async add(question: NewQuestion): Promise<void> {
    const { owner, sha256, now } = question
    const criteria = new Set(question.criteria)
    if (criteria.size === 0) return
    this.#asked.push({ at: now, owner, sha256, criteria })
    this.#criteria += criteria.size
    this.#removeOld(now)
    await this.#file.write()
  }

  #removeOld(now: number): void {
    for (;;) {
      const [oldest] = this.#asked
      if (oldest === undefined) return
      const isFull = this.#asked.length > MAX_QUESTIONS || this.#criteria > MAX_CRITERIA
      if (!isFull && oldest.at >= now - WITHIN_MS) return
      this.#asked.shift()
      this.#criteria -= oldest.criteria.size
    }
  }
}

function isNear(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (Math.abs(a.size - b.size) > MAX_DIFFERENCE) return false
  let difference = 0
  for (const one of a) if (!b.has(one)) difference += 1
  for (const one of b) if (!a.has(one)) difference += 1
  return difference <= MAX_DIFFERENCE
}
