import { sleep } from '@warren/runtime'

import type { TaskKind } from '../store/relay-store.ts'

/**
 * Which nodes surely have nothing queued, in memory: what makes the poll that finds nothing free.
 * A node is taken to have work until a look into the store found none, and again as soon as it is
 * noted. While notes may be lost (`live` is false) every node may have work.
 */
export class WorkHints {
  readonly #live: () => boolean
  /** Node ids, and `id kind` for looks at one kind only. At most three entries a node. */
  readonly #empty = new Set<string>()
  /** Looks under way, per node: a note that comes meanwhile overrules what they find. */
  readonly #looks = new Map<string, Set<Look>>()
  readonly #waiters = new Map<string, Set<() => void>>()
  #waiting = 0

  constructor(live: () => boolean) {
    this.#live = live
  }

  mayHaveWork(nodeId: string, kind?: TaskKind): boolean {
    if (!this.#live()) return true
    if (this.#empty.has(nodeId)) return false
    return kind === undefined || !this.#empty.has(keyOf(nodeId, kind))
  }

  /** These nodes have something. */
  note(nodeIds: readonly string[]): void {
    for (const nodeId of nodeIds) this.#noteOne(nodeId)
  }

  /** Anything may have happened. */
  noteAll(): void {
    this.#empty.clear()
    for (const looks of this.#looks.values()) for (const look of looks) look.overruled = true
    for (const waiters of this.#waiters.values()) for (const wake of waiters) wake()
  }

  #noteOne(nodeId: string): void {
    this.#empty.delete(nodeId)
    this.#empty.delete(keyOf(nodeId, 'availability'))
    this.#empty.delete(keyOf(nodeId, 'distribution'))
    for (const look of this.#looks.get(nodeId) ?? []) look.overruled = true
    for (const wake of this.#waiters.get(nodeId) ?? []) wake()
  }

  /** Runs a look into the store and remembers if it found nothing. */
  async look<T>(
    nodeId: string,
    kind: TaskKind | undefined,
    work: () => Promise<T | null>,
  ): Promise<T | null> {
    // What was noted while notes were being lost proves nothing about the time before.
    const look: Look = { overruled: !this.#live() }
    const looks = this.#looks.get(nodeId) ?? new Set<Look>()
    this.#looks.set(nodeId, looks.add(look))
    try {
      const found = await work()
      if (found === null && !look.overruled && this.#live()) {
        this.#empty.add(kind === undefined ? nodeId : keyOf(nodeId, kind))
      }
      return found
    } finally {
      looks.delete(look)
      if (looks.size === 0) this.#looks.delete(nodeId)
    }
  }

  /** Polls being held open. */
  get waiting(): number {
    return this.#waiting
  }

  /** True as soon as the node may have work, false after `ms` or when aborted. */
  async wait(
    nodeId: string,
    ms: number,
    options: { kind?: TaskKind | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<boolean> {
    const { kind, signal } = options
    if (isAborted(signal) || ms <= 0) return false
    const unreliable = !this.#live()
    if (!unreliable && this.mayHaveWork(nodeId, kind)) return true
    const woken = new AbortController()
    const wake = (): void => woken.abort()
    const waiters = this.#waiters.get(nodeId) ?? new Set<() => void>()
    this.#waiters.set(nodeId, waiters.add(wake))
    this.#waiting++
    const stop = signal === undefined ? woken.signal : AbortSignal.any([signal, woken.signal])
    try {
      // Blind, the store is asked now and then instead; not in a circle without pause.
      await sleep(unreliable ? Math.min(ms, RECHECK_MS) : ms, stop)
    } finally {
      this.#waiting--
      waiters.delete(wake)
      if (waiters.size === 0) this.#waiters.delete(nodeId)
    }
    if (isAborted(signal)) return false
    return woken.signal.aborted || (unreliable && ms > RECHECK_MS)
  }
}

const RECHECK_MS = 2_000

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted ?? false
}

interface Look {
  overruled: boolean
}

function keyOf(nodeId: string, kind: TaskKind): string {
  return `${nodeId} ${kind}`
}
