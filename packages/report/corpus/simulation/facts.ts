import type { LoginFailure, TransportFailure } from './faults.ts'

/** How a request ended, as the client sees it. */
export type Outcome =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'transport'; readonly failure: TransportFailure }

export type TaskKind = 'availability' | 'distribution'

/** What an error of the relay is about; the writers choose its text. */
export type RelayFailure = 'database' | 'broker-refused' | 'broker-login' | 'defect'

/** All events, by kind. Durations are milliseconds. */
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
  // at the load balancer
  passed: {
    from: string
    port: number
    agent: string
    method: 'GET' | 'POST'
    path: string
    status: number
    /** The relay's response; undefined if there was none. */
    targetStatus: number | undefined
    /** Duration in the relay; -1 if there was no response. */
    targetMs: number
    bytes: number
  }
  // in the relay
  'relay started': object
  /** It does and logs nothing until then. */
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
    /** Excludes the time a poll was held. */
    durationMs: number
    heldMs: number
    client: string | undefined
    node: string | undefined
    requestId: string
    failure: RelayFailure | undefined
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
    /** Undefined if the check succeeded. */
    failure: 'database' | 'refused' | 'login' | undefined
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

/** An event. `time` is the true time, ms since the epoch with fraction; clock skew is added only when it is written to a log. */
export type Fact = {
  [K in FactKind]: {
    readonly kind: K
    readonly time: number
    /** The component that can log it. */
    readonly at: string
  } & Readonly<FactKinds[K]>
}[FactKind]

export type FactOf<K extends FactKind> = Extract<Fact, { kind: K }>

/** A function per kind of fact; kinds that are not listed are ignored. */
export type FactTable<T> = { readonly [K in FactKind]?: (fact: FactOf<K>) => T }

// Declared as a method, because method parameters are bivariant: each entry receives only the facts of its kind, which the compiler
// cannot infer.
interface Entry<T> {
  take(fact: Fact): T
}

export function lookUp<T>(table: FactTable<T>, fact: Fact): T | undefined {
  const take: Entry<T>['take'] | undefined = table[fact.kind]
  return take?.(fact)
}

/** Collects facts in any order and returns them sorted by time. */
export class Journal {
  readonly #facts: Fact[] = []

  add(fact: Fact): void {
    this.#facts.push(fact)
  }

  /** Sorted by time; facts with equal times keep the order in which they were added. */
  inOrder(from: number, to: number): Fact[] {
    return this.#facts
      .filter((fact) => fact.time >= from && fact.time < to)
      .sort((a, b) => a.time - b.time)
  }
}
