import { sleep } from '@warren/runtime'

import type { TaskKind } from '../vocabulary/task-kind.ts'

/**
 * Keeps in memory which nodes have nothing queued, so that empty polls cost no I/O. A node may have work until a
 * look-up in the store finds none, and again once `note` is called for it. While notes may be missed (`live` is false), every node
 * may have work.
 */
export class WorkHints {
  readonly #live: () => boolean
  /** Node IDs, and `ID kind` for look-ups of one kind. At most three entries per node. */
  readonly #empty = new Set<string>()
  /** Look-ups in progress, per node. A note during a look-up overrules its result. */
  readonly #lookUps = new Map<string, Set<LookUp>>()
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

  /** Something was queued for these nodes. */
  note(nodeIds: readonly string[]): void {
    for (const nodeId of nodeIds) this.#noteOne(nodeId)
  }

  /** Notes may have been missed: every node may have work. */
  noteAll(): void {
    this.#empty.clear()
    for (const lookUps of this.#lookUps.values())
      for (const lookUp of lookUps) lookUp.overruled = true
    for (const waiters of this.#waiters.values()) for (const wake of waiters) wake()
  }

  #noteOne(nodeId: string): void {
    this.#empty.delete(nodeId)
    this.#empty.delete(keyOf(nodeId, 'availability'))
    this.#empty.delete(keyOf(nodeId, 'distribution'))
    for (const lookUp of this.#lookUps.get(nodeId) ?? []) lookUp.overruled = true
    for (const wake of this.#waiters.get(nodeId) ?? []) wake()
  }

  /** Runs a look-up in the store. If it finds nothing, the node has no work until `note` is called for it. */
  async lookUp<T>(
    nodeId: string,
    kind: TaskKind | undefined,
    work: () => Promise<T | null>,
  ): Promise<T | null> {
    // If notes may be missed when a look-up starts, an empty result must not be kept.
    const lookUp: LookUp = { overruled: !this.#live() }
    const lookUps = this.#lookUps.get(nodeId) ?? new Set<LookUp>()
    this.#lookUps.set(nodeId, lookUps.add(lookUp))
    try {
      const found = await work()
      if (found === null && !lookUp.overruled && this.#live()) {
        this.#empty.add(kind === undefined ? nodeId : keyOf(nodeId, kind))
      }
      return found
    } finally {
      lookUps.delete(lookUp)
      if (lookUps.size === 0) this.#lookUps.delete(nodeId)
    }
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
    const unreliable = !this.#live()
    if (!unreliable && this.mayHaveWork(nodeId, kind)) return true
    const woken = new AbortController()
    const wake = (): void => woken.abort()
    const waiters = this.#waiters.get(nodeId) ?? new Set<() => void>()
    this.#waiters.set(nodeId, waiters.add(wake))
    this.#waiting++
    const stop = signal === undefined ? woken.signal : AbortSignal.any([signal, woken.signal])
    try {
      // While notes may be missed, the caller checks the store regularly instead, with a pause in between.
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

interface LookUp {
  overruled: boolean
}

function keyOf(nodeId: string, kind: TaskKind): string {
  return `${nodeId} ${kind}`
}
