/** A question that was asked, as hashes of its criteria. */
interface AskedQuestion {
  readonly at: number
  readonly owner: string
  readonly sha256: string
  readonly criteria: ReadonlySet<string>
}

const WITHIN_MS = 24 * 3_600_000
const MAX_QUESTIONS = 2000
/** Changing one criterion takes one away and adds one; negating it does too. */
const MAX_DIFFERENCE = 2

/**
 * The questions of the last 24 hours, to notice when an owner asks for many numbers that differ in one criterion: the
 * difference of two such numbers can reveal a few people. In memory only: after a restart it begins again.
 */
export class SimilarQuestions {
  readonly #asked: AskedQuestion[] = []

  /** How many earlier questions of the owner differ from this one in one criterion, each counted once. */
  count(question: {
    owner: string
    sha256: string
    criteria: readonly string[]
    now: number
  }): number {
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

  add(question: { owner: string; sha256: string; criteria: readonly string[]; now: number }): void {
    const { owner, sha256, now } = question
    const criteria = new Set(question.criteria)
    if (criteria.size === 0) return
    this.#asked.push({ at: now, owner, sha256, criteria })
    while (this.#asked.length > MAX_QUESTIONS) this.#asked.shift()
  }
}

function isNear(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (Math.abs(a.size - b.size) > MAX_DIFFERENCE) return false
  let difference = 0
  for (const one of a) if (!b.has(one)) difference += 1
  for (const one of b) if (!a.has(one)) difference += 1
  return difference <= MAX_DIFFERENCE
}
