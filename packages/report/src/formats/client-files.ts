import type { Quotable } from '../facts/evidence-keeper.ts'
import type { ClientFacts } from '../facts/facts.ts'

const CAUSE = 'client-files-failing'
/** What Warren's bunny cannot use, by the event that says so. */
const FAILURES: ReadonlyMap<string, string> = new Map([
  ['outbox failure', 'results that wait'],
  ['audit failure', 'audit record'],
  ['policy failure', 'policy'],
  ['policy invalid', 'policy'],
])
const RECOVERIES: ReadonlyMap<string, string> = new Map([
  ['outbox recovered', 'results that wait'],
  ['audit record opened', 'audit record'],
  ['policy changed', 'policy'],
])

/** Reads what Warren's bunny logs about the files that it needs to answer tasks. */
export class ClientFiles {
  readonly #facts: ClientFacts
  readonly #failing = new Set<string>()

  constructor(facts: ClientFacts) {
    this.#facts = facts
  }

  /** The event `msg` is one of these. */
  read(line: Quotable, msg: string): boolean {
    const failed = FAILURES.get(msg)
    if (failed !== undefined) {
      this.#failing.add(failed)
      this.#facts.link.problem(CAUSE, line).detail(failed)
      return true
    }
    const restored = RECOVERIES.get(msg)
    if (restored === undefined) return false
    this.#failing.delete(restored)
    if (this.#failing.size === 0) this.#facts.link.problems.get(CAUSE)?.recover(line)
    return true
  }
}
