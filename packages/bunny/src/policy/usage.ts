import { z } from 'zod'
import { readStateFile, StateFile } from '../state/state-file.ts'

/** How many questions were counted. */
export interface UsageCount {
  readonly today: number
  readonly total: number
}

const countSchema = z.object({ today: z.number(), total: z.number() })

const usageSchema = z.object({
  format: z.literal(1),
  /** The local date to which `today` belongs. */
  date: z.string(),
  all: countSchema,
  owners: z.array(z.tuple([z.string(), countSchema])),
  /** Keys of the last questions: a task that is handed out again counts once. */
  recent: z.array(z.string()),
})

type StoredUsage = z.infer<typeof usageSchema>

const NOTHING: UsageCount = { today: 0, total: 0 }
const MAX_OWNERS = 10_000
const MAX_RECENT = 1000
/** Owners beyond the limit share one count, so that new names do not bring new limits. */
const OTHERS = '(other owners)'

/**
 * Counts the questions that were let through, per owner and in all, for the limits of the policy. With a file, counts
 * survive a restart.
 */
export class Usage {
  readonly #file: StateFile
  #date: string
  #all: UsageCount
  readonly #owners: Map<string, UsageCount>
  readonly #recent: Set<string>

  private constructor(path: string | undefined, stored: StoredUsage) {
    this.#file = new StateFile(path, () => this.#stored())
    this.#date = stored.date
    this.#all = stored.all
    this.#owners = new Map(stored.owners)
    this.#recent = new Set(stored.recent)
  }

  /** Rejects if the file exists and is not readable: an unknown count must not become 0. */
  static async open(path: string | undefined): Promise<Usage> {
    const empty: StoredUsage = { format: 1, date: '', all: NOTHING, owners: [], recent: [] }
    if (path === undefined) return new Usage(path, empty)
    const stored = await readStateFile(path)
    return new Usage(path, stored === undefined ? empty : usageSchema.parse(stored))
  }

  /** The counts on `date`, a local date. */
  read(owner: string, date: string): { owner: UsageCount; all: UsageCount } {
    const known = this.#owners.get(this.#bucket(owner)) ?? NOTHING
    return { owner: this.#on(date, known), all: this.#on(date, this.#all) }
  }

  /** Counts a question, once per key. Resolves when the count is on disk, if there is a file. */
  async count(key: string, owner: string, date: string): Promise<void> {
    if (this.#recent.has(key)) return
    if (date !== this.#date) {
      for (const [name, { total }] of this.#owners) this.#owners.set(name, { today: 0, total })
      this.#all = { today: 0, total: this.#all.total }
      this.#date = date
    }
    const bucket = this.#bucket(owner)
    this.#owners.set(bucket, plusOne(this.#owners.get(bucket) ?? NOTHING))
    this.#all = plusOne(this.#all)
    this.#recent.add(key)
    for (const oldest of this.#recent) {
      if (this.#recent.size <= MAX_RECENT) break
      this.#recent.delete(oldest)
    }
    await this.#file.write()
  }

  /** Whether this question has been counted. */
  has(key: string): boolean {
    return this.#recent.has(key)
  }

  #stored(): StoredUsage {
    return {
      format: 1,
      date: this.#date,
      all: this.#all,
      owners: [...this.#owners],
      recent: [...this.#recent],
    }
  }

  #bucket(owner: string): string {
    return this.#owners.has(owner) || this.#owners.size < MAX_OWNERS ? owner : OTHERS
  }

  #on(date: string, { today, total }: UsageCount): UsageCount {
    return { today: date === this.#date ? today : 0, total }
  }
}

const plusOne = ({ today, total }: UsageCount): UsageCount => ({
  today: today + 1,
  total: total + 1,
})
