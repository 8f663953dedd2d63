import { createHash, randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomically } from '../state/write-file.ts'

const heldSchema = z.object({
  format: z.literal(1),
  /** For the command line. The same question of the same owner has the same ID. */
  id: z.string(),
  taskId: z.string(),
  collection: z.string(),
  owner: z.string(),
  kind: z.string(),
  /** In plain words. */
  words: z.string(),
  reason: z.string(),
  /** ISO 8601, UTC, when the question last arrived. */
  receivedAt: z.string(),
  /** Until when the task can be answered. */
  answerBy: z.string(),
  /** The task as it was received, for a dry run. */
  body: z.unknown(),
})

const decisionSchema = z.object({
  decision: z.enum(['release', 'refuse']),
  /** Who decided. */
  by: z.string(),
  /** Sent to the researcher if the question is refused. */
  reason: z.string().optional(),
  at: z.string(),
})

export type HeldQuestion = z.infer<typeof heldSchema>
export type Decision = z.infer<typeof decisionSchema>

export interface HeldEntry {
  readonly question: HeldQuestion
  readonly decision: Decision | undefined
}

/** More than an operator reads. Further questions are refused. */
const MAX_HELD = 1000

/** How long a decision applies to the same question of the same owner, and how long an undecided question is listed. */
export const KEPT_FOR_MS = 7 * 24 * 3_600_000

/** A task has at most 10 MB in a batch, and far less over HTTP. */
const MAX_FILE_BYTES = 16_000_000

const ID = /^[0-9a-f]{12}$/

/**
 * The questions that wait for approval, one file each, and one more file per decision. The bunny writes questions and the
 * command line writes decisions, at the same time: a decision is created once and never replaced.
 */
export class HeldFolder {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  static idOf(question: { owner: string; sha256: string }): string {
    const key = JSON.stringify([question.owner, question.sha256])
    return createHash('sha256').update(key).digest('hex').slice(0, 12)
  }

  /** Writes or renews a held question. Returns false if too many are held. */
  async hold(question: HeldQuestion, now: number): Promise<boolean> {
    await mkdir(this.#path, { recursive: true, mode: 0o700 })
    await this.#removeOld(now)
    const ids = await this.#ids()
    if (!ids.includes(question.id) && ids.length >= MAX_HELD) return false
    await writeFileAtomically(this.#questionPath(question.id), JSON.stringify(question))
    return true
  }

  async decisionOn(id: string): Promise<Decision | undefined> {
    const text = await readIfExists(this.#decisionPath(id))
    return text === undefined ? undefined : decisionSchema.parse(JSON.parse(text))
  }

  /** Creates the decision. Returns false if there is one already. */
  async decide(id: string, decision: Decision): Promise<boolean> {
    const draft = `${this.#decisionPath(id)}.${randomUUID()}.draft`
    try {
      const file = await open(draft, 'wx', 0o600)
      try {
        await file.writeFile(JSON.stringify(decision))
        await file.sync()
      } finally {
        await file.close()
      }
      // Unlike a rename, a link fails if the other file exists.
      await link(draft, this.#decisionPath(id))
      return true
    } catch (error: unknown) {
      if (hasCode(error, 'EEXIST')) return false
      throw error
    } finally {
      await rm(draft, { force: true })
    }
  }

  async find(id: string): Promise<HeldEntry | undefined> {
    if (!ID.test(id)) return undefined
    const text = await readIfExists(this.#questionPath(id))
    if (text === undefined || text.length > MAX_FILE_BYTES) return undefined
    const parsed = heldSchema.safeParse(parseJson(text))
    if (!parsed.success) return undefined
    return { question: parsed.data, decision: await this.decisionOn(id) }
  }

  /** All held questions, oldest first. */
  async list(): Promise<HeldEntry[]> {
    const entries: HeldEntry[] = []
    for (const id of await this.#ids()) {
      const entry = await this.find(id)
      if (entry !== undefined) entries.push(entry)
    }
    return entries.toSorted((a, b) => (a.question.receivedAt < b.question.receivedAt ? -1 : 1))
  }

  async #ids(): Promise<string[]> {
    try {
      const names = await readdir(this.#path)
      return names
        .filter((name) => name.endsWith('.json') && !name.endsWith('.decision.json'))
        .map((name) => name.slice(0, -'.json'.length))
    } catch (error: unknown) {
      if (hasCode(error, 'ENOENT')) return []
      throw error
    }
  }

  /** A decision counts from when it was made, an undecided question from its last arrival. */
  async #removeOld(now: number): Promise<void> {
    for (const { question, decision } of await this.list()) {
      const since = Date.parse(decision?.at ?? question.receivedAt)
      if (since + KEPT_FOR_MS > now) continue
      await rm(this.#questionPath(question.id), { force: true })
      await rm(this.#decisionPath(question.id), { force: true })
    }
  }

  #questionPath(id: string): string {
    return join(this.#path, `${id}.json`)
  }

  #decisionPath(id: string): string {
    return join(this.#path, `${id}.decision.json`)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function readIfExists(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error: unknown) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code
