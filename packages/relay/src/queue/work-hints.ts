import type { TaskKind } from '../vocabulary/task-kind.ts'

export interface WorkHintsOptions {
  /** False while notes may be missed. */
  readonly live: () => boolean
  /** The IDs of all nodes with queued subtasks. One statement, whatever the number of nodes. */
  readonly findNodesWithWork: () => Promise<readonly string[]>
}

/**
 * Keeps in memory which nodes may have queued work, so that empty polls cost no I/O. One survey of the store finds all of
 * them: at the start, and after notes may have been missed. Then a node may have work if it was found or noted, until a
 * look-up finds none. While notes may be missed (`live` is false), a survey is valid for a second.
 */
export class WorkHints {
  readonly #live: () => boolean
  readonly #findNodesWithWork: () => Promise<readonly string[]>
  readonly #candidates = new Map<string, Candidate>()
  /** Look-ups in progress, per node. A note during a look-up overrules its result. */
  readonly #lookUps = new Map<string, Set<LookUp>>()
  readonly #waiters = new Map<string, Set<() => void>>()
  #waiting = 0
  #notes = 0
  /** How often notes may have been missed. A survey is valid if it does not change meanwhile. */
  #gaps = 0
  /** Undefined if notes may have been missed since the last survey. */
  #surveyedAt: number | undefined
  #surveying: Promise<void> | undefined

  constructor(options: WorkHintsOptions) {
    this.#live = options.live
    this.#findNodesWithWork = options.findNodesWithWork
  }

  /** False if nothing of this kind is queued for the node. */
  mayHaveWork(nodeId: string, kind?: TaskKind): boolean {
    if (!this.#isSurveyed()) return true
    const kinds = this.#candidates.get(nodeId)?.kinds
    return kinds !== undefined && (kind === undefined || kinds.has(kind))
  }

  /** Something was queued for these nodes. Ends their held polls. */
  note(nodeIds: readonly string[]): void {
    for (const nodeId of nodeIds) this.#noteOne(nodeId)
  }

  /** Notes may have been missed. Ends the held polls of the nodes that a survey finds, and of no others. */
  noteGap(): void {
    this.#gaps++
    this.#surveyedAt = undefined
    // If it fails, the next poll or sweep repeats it.
    this.survey().catch(() => {})
  }

  #noteOne(nodeId: string): void {
    this.#candidates.set(nodeId, { kinds: new Set(ALL_KINDS), note: ++this.#notes })
    for (const lookUp of this.#lookUps.get(nodeId) ?? []) lookUp.overruled = true
    for (const wake of this.#waiters.get(nodeId) ?? []) wake()
  }

  /** Asks the store which nodes have work. Calls during a survey share it. */
  async survey(): Promise<void> {
    this.#surveying ??= this.#survey().finally(() => {
      this.#surveying = undefined
    })
    return this.#surveying
  }

  async #survey(): Promise<void> {
    for (;;) {
      const gaps = this.#gaps
      const lastNote = this.#notes
      const found = new Set(await this.#findNodesWithWork())
      for (const [nodeId, { note }] of this.#candidates) {
        if (note <= lastNote && !found.has(nodeId)) this.#candidates.delete(nodeId)
      }
      this.note([...found])
      if (gaps !== this.#gaps) continue
      this.#surveyedAt = performance.now()
      return
    }
  }

  #isSurveyed(): boolean {
    if (this.#surveyedAt === undefined) return false
    return this.#live() || performance.now() - this.#surveyedAt < SURVEY_EVERY_MS
  }

  /**
   * Runs a look-up in the store, unless the node has no work. If it finds nothing, or the last work of the node, the node has
   * none until it is noted.
   */
  async lookUp<T extends { readonly isLast: boolean }>(
    nodeId: string,
    kind: TaskKind | undefined,
    work: () => Promise<T | null>,
  ): Promise<T | null> {
    if (!this.#isSurveyed()) await this.survey()
    if (!this.mayHaveWork(nodeId, kind)) return null
    const lookUp: LookUp = { overruled: false }
    const lookUps = this.#lookUps.get(nodeId) ?? new Set<LookUp>()
    this.#lookUps.set(nodeId, lookUps.add(lookUp))
    try {
      const found = await work()
      if (lookUp.overruled) return found
      if (found === null) this.#exclude(nodeId, kind)
      else if (found.isLast) this.#candidates.delete(nodeId)
      return found
    } finally {
      lookUps.delete(lookUp)
      if (lookUps.size === 0) this.#lookUps.delete(nodeId)
    }
  }

  #exclude(nodeId: string, kind: TaskKind | undefined): void {
    const kinds = this.#candidates.get(nodeId)?.kinds
    if (kind !== undefined) kinds?.delete(kind)
    if (kind === undefined || kinds?.size === 0) this.#candidates.delete(nodeId)
  }

  /** Number of held polls. */
  get waiting(): number {
    return this.#waiting
  }

  /** Resolves to true once the node may have work, or to false after `ms` or if aborted. */
  async wait(
    nodeId: string,
    ms: number,
    options: { kind?: TaskKind | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<boolean> {
    const { kind, signal } = options
    if (isAborted(signal) || ms <= 0) return false
    if (this.#isSurveyed() && this.mayHaveWork(nodeId, kind)) return true
    // While notes may be missed, the caller looks again regularly instead, with a pause in between.
    const unreliable = !this.#live() || this.#surveyedAt === undefined
    const woken = await this.#untilNoted(
      nodeId,
      unreliable ? Math.min(ms, SURVEY_EVERY_MS) : ms,
      signal,
    )
    if (isAborted(signal)) return false
    return woken || (unreliable && ms > SURVEY_EVERY_MS)
  }

  // One timer and two closures for each held poll: thousands wait at a time.
  #untilNoted(nodeId: string, ms: number, signal: AbortSignal | undefined): Promise<boolean> {
    const waiters = this.#waiters.get(nodeId) ?? new Set<() => void>()
    this.#waiters.set(nodeId, waiters)
    this.#waiting++
    return new Promise((resolve) => {
      const end = (noted: boolean): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', giveUp)
        this.#waiting--
        waiters.delete(wake)
        if (waiters.size === 0 && this.#waiters.get(nodeId) === waiters) {
          this.#waiters.delete(nodeId)
        }
        resolve(noted)
      }
      const wake = (): void => end(true)
      const giveUp = (): void => end(false)
      const timer = setTimeout(giveUp, ms)
      signal?.addEventListener('abort', giveUp, { once: true })
      waiters.add(wake)
    })
  }
}

/** How often the store is asked while notes may be missed. */
const SURVEY_EVERY_MS = 1_000

const ALL_KINDS: readonly TaskKind[] = ['availability', 'distribution']

/** A node that may have work of these kinds. */
interface Candidate {
  readonly kinds: Set<TaskKind>
  /** The number of the note. */
  readonly note: number
}

interface LookUp {
  overruled: boolean
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted ?? false
}
