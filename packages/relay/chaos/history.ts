import type { TaskResult } from '@warren/task-api'
import type { FaultName } from './fault-kinds.ts'
import type { FaultTarget, PlannedTask } from './plan.ts'

// All times are milliseconds since the start of the run, by the clock of this process.

/** A time at which the upstream sent the task to a relay. */
export interface HandOut {
  readonly atMs: number
  readonly relay: string
}

/** A result that a relay sent to the upstream. */
export interface Submission {
  readonly atMs: number
  readonly relay: string
  /** The JSON text as received. */
  readonly text: string
  /** When the upstream stored it. Undefined: the request never reached it, or it rejected the result. */
  acceptedAtMs?: number
  /** The last byte of a response to the relay was written then. */
  respondedAtMs?: number
  /** The status of the response to the relay. */
  status?: number
}

/** A line of a relay's log about the task. */
export interface RelayEvent {
  readonly atMs: number
  readonly relay: string
  readonly event: string
}

/** A result of a scripted node that a relay confirmed with 2xx. */
export interface ConfirmedAnswer {
  readonly atMs: number
  readonly node: string
}

/** Everything that was seen of one task. */
export interface TaskHistory {
  readonly task: PlannedTask
  /** When the question was asked. Undefined: the upstream rejected it. */
  askedAtMs?: number
  /** As the gateway saw them. */
  readonly handOuts: HandOut[]
  /** Whether the upstream handed it out, perhaps to a poll whose relay had just disconnected. Read at the end, without `handOuts`. */
  wasHandedOut?: boolean
  readonly submissions: Submission[]
  readonly events: RelayEvent[]
  readonly confirmed: ConfirmedAnswer[]
  /** The state in the relays' database at the end. */
  state?: string
  /** Why the relays discarded the result. */
  cause?: string
}

/** When a relay answered each node, by the name of the node. */
export class NodeContacts {
  readonly #times = new Map<string, number[]>()

  record(node: string, atMs: number): void {
    const times = this.#times.get(node)
    if (times === undefined) this.#times.set(node, [atMs])
    else if (atMs - (times.at(-1) ?? 0) >= CONTACT_STEP_MS) times.push(atMs)
  }

  /** The last one before `beforeMs`, to a second. Undefined if there was none. */
  last(node: string, beforeMs: number): number | undefined {
    return this.#times.get(node)?.findLast((atMs) => atMs <= beforeMs)
  }
}
const CONTACT_STEP_MS = 1_000

export interface FaultPeriod extends FaultTarget {
  readonly name: FaultName
  readonly fromMs: number
  /** Undefined while it lasts. */
  toMs?: number
}

/** The result that the upstream keeps: the first one that it accepted. */
export function acceptedSubmission(history: TaskHistory): Submission | undefined {
  return history.submissions.find(({ acceptedAtMs }) => acceptedAtMs !== undefined)
}

/** The histories of all tasks of a run, and the faults that happened. */
export class RunHistory {
  readonly startedAt = performance.now()
  readonly faults: FaultPeriod[] = []
  readonly contacts = new NodeContacts()
  readonly #byUuid: ReadonlyMap<string, TaskHistory>
  readonly #byNumber: ReadonlyMap<number, TaskHistory>

  constructor(tasks: readonly PlannedTask[]) {
    const histories = tasks.map((task): TaskHistory => ({
      task,
      handOuts: [],
      submissions: [],
      events: [],
      confirmed: [],
    }))
    this.#byUuid = new Map(histories.map((history) => [history.task.uuid, history]))
    this.#byNumber = new Map(histories.map((history) => [history.task.number, history]))
  }

  get now(): number {
    return Math.round(performance.now() - this.startedAt)
  }

  get tasks(): readonly TaskHistory[] {
    return [...this.#byUuid.values()]
  }

  get accepted(): number {
    let accepted = 0
    for (const history of this.#byUuid.values()) if (acceptedSubmission(history)) accepted += 1
    return accepted
  }

  /** Grows whenever a task comes closer to its result. */
  get steps(): number {
    let steps = 0
    for (const history of this.#byUuid.values()) {
      steps += Math.min(history.handOuts.length, 1) + history.confirmed.length
      if (acceptedSubmission(history)) steps += 1
    }
    return steps
  }

  find(uuid: string): TaskHistory | undefined {
    return this.#byUuid.get(uuid)
  }

  findByNumber(number: number): TaskHistory | undefined {
    return this.#byNumber.get(number)
  }
}

/** A result of a submission. Null if it is not one. */
export type ReadResult = (text: string) => TaskResult | null
