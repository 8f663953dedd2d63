import type { LoginFailure, TransportFailure } from './faults.ts'

/** How a request ended for the client that made it. */
export type Outcome =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'transport'; readonly failure: TransportFailure }

export type TaskKind = 'availability' | 'distribution'

/** What an error of the relay is about; the text that goes with it is the writers' business. */
export type RelayTrouble = 'database' | 'broker-refused' | 'broker-login' | 'defect'

/** Everything that happens, by what happens. Durations are milliseconds. */
export interface FactKinds {
  // in a client
  'client started': { version: string }
  'polls not held': { askedSeconds: number; intervalMs: number }
  'poll sent': { requestId: string; waitMs: number }
  'poll answered': { requestId: string; status: number; durationMs: number }
  'poll failed': {
    requestId: string
    outcome: Outcome
    durationMs: number
    retryInMs: number
  }
  'task received': { taskId: string; taskKind: TaskKind; requestId: string }
  'task solved': { taskId: string; taskKind: TaskKind; count: number; durationMs: number }
  'task dropped': { taskId: string }
  'result sent': { taskId: string; requestId: string }
  'result answered': { taskId: string; requestId: string; status: number; durationMs: number }
  'result failed': {
    taskId: string
    requestId: string
    outcome: Outcome
    attempt: number
    retryInMs: number
  }
  // at the balancer
  passed: {
    from: string
    port: number
    agent: string
    method: 'GET' | 'POST'
    path: string
    status: number
    /** What the relay answered; undefined where it did not. */
    targetStatus: number | undefined
    /** Time the relay took; -1 where it did not answer. */
    targetMs: number
    bytes: number
  }
  // in the relay
  'relay started': object
  /** It does nothing, and writes nothing, up to then. */
  'relay stalled': { until: number }
  statement: { about: 'user' | 'nodes' | 'task' | 'result'; ms: number; failed: boolean }
  login: {
    outcome: 'validated' | LoginFailure
    client: string | undefined
    collection: string
    path: string
    requestId: string
  }
  request: {
    method: 'GET' | 'POST'
    path: string
    status: number
    /** Without the time a poll was held. */
    durationMs: number
    heldMs: number
    client: string | undefined
    node: string | undefined
    requestId: string
    trouble: RelayTrouble | undefined
  }
  'expiry sweep': object
  'upstream polled': { type: 'a' | 'b'; status: number; durationMs: number }
  'upstream poll failed': { type: 'a' | 'b'; status: number | undefined; retryInMs: number }
  'task retrieved': { taskId: string; taskKind: TaskKind }
  'task admitted': { taskId: string; nodes: number }
  'task handed out': { taskId: string; subtaskId: string; node: string; requestId: string }
  'result stored': { taskId: string; subtaskId: string; node: string; requestId: string }
  'result late': { taskId: string; subtaskId: string; node: string; requestId: string }
  'lease returned': { taskId: string; subtaskId: string; node: string }
  'task expired': { taskId: string; taskKind: TaskKind; clients: readonly string[] }
  'task settled': { taskId: string; asked: number; answered: number; late: number }
  submitting: { taskId: string; attempt: number }
  submitted: { taskId: string; attempt: number; durationMs: number }
  'submission failed': { taskId: string; attempt: number; status: number; retryInMs: number }
  'submission given up': { taskId: string; attempt: number; status: number }
  'store lost': object
  'database recovered': object
  'queue lost': { why: 'refused' | 'login' | 'heartbeat' | 'alarm' }
  'queue recovered': object
  'dependency checked': {
    about: 'database' | 'broker'
    /** Undefined: it answered. */
    trouble: 'database' | 'refused' | 'login' | undefined
    ms: number
  }
  // in the broker
  'broker stopping': object
  'broker started': object
  accepted: { pid: number; port: number }
  authenticated: { pid: number; port: number }
  closed: { pid: number; port: number }
  'login refused': { pid: number; port: number }
  'heartbeats missed': { pid: number; port: number }
  'alarm set': { what: 'memory' | 'disk' }
  'alarm cleared': { what: 'memory' | 'disk' }
  'port probed': { pid: number; port: number; how: 'http' | 'dropped' | 'silent' }
}

export type FactKind = keyof FactKinds

/** One thing that happened. `time` is true time, ms since the epoch with fraction; clocks are wrong only where it is written. */
export type Fact = {
  [K in FactKind]: {
    readonly kind: K
    readonly time: number
    /** Which part of the network knows of it and may write it down. */
    readonly at: string
  } & Readonly<FactKinds[K]>
}[FactKind]

export type FactOf<K extends FactKind> = Extract<Fact, { kind: K }>

/** What to make of a fact, by its kind; what is not listed means nothing here. */
export type FactTable<T> = { readonly [K in FactKind]?: (fact: FactOf<K>) => T }

// A method, because only methods may take less than they are declared to take: each entry gets exactly the facts it is filed
// under, which the compiler cannot follow from table to fact.
interface Entry<T> {
  take(fact: Fact): T
}

export function lookUp<T>(table: FactTable<T>, fact: Fact): T | undefined {
  const take: Entry<T>['take'] | undefined = table[fact.kind]
  return take?.(fact)
}

/** Collects what happens, in any order, and hands it out in order of time. */
export class Journal {
  readonly #facts: Fact[] = []

  add(fact: Fact): void {
    this.#facts.push(fact)
  }

  /** Sorted by time; what happened at the same time stays in the order it was added. */
  inOrder(from: number, to: number): Fact[] {
    return this.#facts
      .filter((fact) => fact.time >= from && fact.time < to)
      .sort((a, b) => a.time - b.time)
  }
}
