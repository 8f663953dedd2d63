/** Failures without an HTTP response. */
export type TransportFailure =
  | 'name-resolution'
  | 'connection-refused'
  | 'connect-timeout'
  | 'read-timeout'
  | 'connection-closed'
  | 'tls-expired'
  | 'tls-untrusted'
  | 'tls-wrong-name'

/** Why the relay rejects a client. */
export type LoginFailure = 'unknown user' | 'wrong password' | 'wrong collection' | 'missing'

/** What a fault changes. Everything else works as before. */
export interface FaultEffect {
  /** Requests of the client do not reach the load balancer. */
  readonly reach?: TransportFailure
  /** The load balancer responds by itself. */
  readonly loadBalancer?: 502 | 503 | 504
  /** The relay rejects the credentials. */
  readonly login?: LoginFailure
  /** The relay fails on every poll. */
  readonly relayStatus?: 500
  /** The relay does not run, but the kernel keeps connections to it open. */
  readonly stalled?: true
  /** Additional time in the relay, ms. */
  readonly delayMs?: readonly [number, number]
  /** The response of the relay does not arrive. */
  readonly answerLost?: true
  /** The client does not run. */
  readonly absent?: true
  /** A second pod polls with the same credentials. */
  readonly twice?: true
  /** Polling interval of the client, ms. */
  readonly intervalMs?: number
  /** How far the clock of the component is ahead, ms. */
  readonly skewMs?: number
  /** These lines are missing from the log of the component. */
  readonly logLost?: true
  /** Duration of every statement, ms. */
  readonly statementMs?: readonly [number, number]
  readonly statementsFail?: true
  readonly broker?: 'refused' | 'login' | 'heartbeat' | 'alarm'
  /** Polls of the upstream fail. */
  readonly upstreamFails?: 503
  /** The upstream rejects results. */
  readonly submissionsFail?: 500
  /** What a client does with a task. */
  readonly task?: 'dropped' | 'late'
  /** Length of alternating periods with and without the fault, ms. */
  readonly everyMs?: number
}

export const FAULTS = {
  'never-seen': { absent: true },
  'auth-unknown-user': { login: 'unknown user' },
  'auth-wrong-password': { login: 'wrong password' },
  'auth-wrong-collection': { login: 'wrong collection' },
  'auth-no-credentials': { login: 'missing' },
  'name-resolution': { reach: 'name-resolution' },
  'connection-refused': { reach: 'connection-refused' },
  'connect-timeout': { reach: 'connect-timeout' },
  'read-timeout': { answerLost: true },
  'tls-expired': { reach: 'tls-expired' },
  'tls-untrusted': { reach: 'tls-untrusted' },
  'tls-wrong-name': { reach: 'tls-wrong-name' },
  'proxy-502': { loadBalancer: 502 },
  'proxy-503': { loadBalancer: 503 },
  'proxy-504': { loadBalancer: 504 },
  'relay-error': { relayStatus: 500 },
  'relay-stalled': { stalled: true },
  slow: { delayMs: [2_600, 6_000] },
  silent: { absent: true },
  flapping: { reach: 'connection-refused', everyMs: 45_000 },
  'two-instances': { twice: true },
  hammering: { intervalMs: 250 },
  'clock-skew': { skewMs: 214_000 },
  'upstream-suspension': { upstreamFails: 503 },
  'upstream-unreachable': { upstreamFails: 503 },
  'task-not-answered': { task: 'dropped' },
  'task-answered-late': { task: 'late' },
  'submission-failing': { submissionsFail: 500 },
  'broker-refused': { broker: 'refused' },
  'broker-auth-failed': { broker: 'login' },
  'broker-heartbeat-lost': { broker: 'heartbeat' },
  'broker-resource-alarm': { broker: 'alarm' },
  'database-slow': { statementMs: [900, 2_400] },
  'database-failing': { statementsFail: true },
  'log-gap': { logLost: true },
  'source-ended-early': { logLost: true },
} as const satisfies Record<string, FaultEffect>

export type FaultName = keyof typeof FAULTS

/** A fault and when it occurs. */
export interface Fault {
  readonly name: FaultName
  /** Minutes after the beginning of the time range. */
  readonly from: number
  /** Minutes after the beginning; undefined if ongoing. */
  readonly to?: number
  /** The affected component: the name of a client, `relay`, `broker` …; undefined: all that the fault can affect. */
  readonly of?: string
}

const MINUTE = 60_000

/** Which faults affect which component at what time. */
export class FaultSchedule {
  readonly #faults: readonly { fault: Fault; effect: FaultEffect; from: number; to: number }[]

  constructor(faults: readonly Fault[], start: number) {
    this.#faults = faults.map((fault) => ({
      fault,
      effect: FAULTS[fault.name],
      from: start + fault.from * MINUTE,
      to: fault.to === undefined ? Number.POSITIVE_INFINITY : start + fault.to * MINUTE,
    }))
  }

  /** The combined effect on a component at a time. */
  at(time: number, component: string): FaultEffect {
    let all: FaultEffect = {}
    for (const { fault, effect, from, to } of this.#faults) {
      if (time < from || time >= to) continue
      if (fault.of !== undefined && fault.of !== component) continue
      if (effect.everyMs !== undefined && Math.floor((time - from) / effect.everyMs) % 2 === 1) {
        continue
      }
      all = { ...all, ...effect }
    }
    return all
  }

  /** When the relay does what is due at `time`: at once, or after a stall; infinite if it never runs again. */
  resumesAt(time: number): number {
    const stall = this.periods('relay', ({ stalled }) => stalled === true).find(
      ({ from, to }) => time >= from && time < to,
    )
    return stall === undefined ? time : stall.to + 30
  }

  /** Periods of the faults that `concerns` selects. */
  periods(
    component: string,
    concerns: (effect: FaultEffect) => boolean,
  ): { from: number; to: number }[] {
    return this.#faults
      .filter(({ fault, effect }) => {
        return (fault.of === undefined || fault.of === component) && concerns(effect)
      })
      .map(({ from, to }) => ({ from, to }))
  }
}
