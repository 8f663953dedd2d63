/** Ways in which a request never gets an HTTP answer. */
export type TransportFailure =
  | 'name-resolution'
  | 'connection-refused'
  | 'connect-timeout'
  | 'read-timeout'
  | 'connection-closed'
  | 'tls-expired'
  | 'tls-untrusted'
  | 'tls-wrong-name'

/** Why the relay turns a client away. */
export type LoginFailure = 'unknown user' | 'wrong password' | 'wrong collection' | 'missing'

/** What a fault changes, leg by leg. Everything that is not named goes on as before. */
export interface FaultEffect {
  /** The client does not get as far as the balancer. */
  readonly reach?: TransportFailure
  /** The balancer answers by itself. */
  readonly balancer?: 502 | 503 | 504
  /** The relay does not know who is asking. */
  readonly login?: LoginFailure
  /** The relay fails over every poll. */
  readonly relayStatus?: 500
  /** The relay does not run; connections to it stand, as the kernel holds them. */
  readonly stalled?: true
  /** The relay takes that much longer, ms. */
  readonly delayMs?: readonly [number, number]
  /** The relay answers, and the answer does not arrive. */
  readonly answerLost?: true
  /** The client does not run. */
  readonly absent?: true
  /** The same identity polls from a second pod. */
  readonly twice?: true
  /** The client asks that often, ms. */
  readonly intervalMs?: number
  /** The clock of the component is ahead by that much, ms. */
  readonly skewMs?: number
  /** The log of the component lacks these lines. */
  readonly logLost?: true
  /** Every statement takes that long, ms. */
  readonly statementMs?: readonly [number, number]
  readonly statementsFail?: true
  readonly broker?: 'refused' | 'login' | 'heartbeat' | 'alarm'
  /** Polls of the upstream fail. */
  readonly upstreamFails?: 503
  /** The upstream does not take results. */
  readonly submissionsFail?: 500
  /** What a client does with a task. */
  readonly task?: 'dropped' | 'late'
  /** On and off by turns of that length, ms. */
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
  'proxy-502': { balancer: 502 },
  'proxy-503': { balancer: 503 },
  'proxy-504': { balancer: 504 },
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

/** A fault of the network in an interval. */
export interface Fault {
  readonly name: FaultName
  /** Minutes after the beginning of the window. */
  readonly from: number
  /** Minutes after the beginning; undefined: it goes on. */
  readonly to?: number
  /** The component it is about: the name of a client, `relay`, `broker` …; undefined: everything that has such a leg. */
  readonly of?: string
}

const MINUTE = 60_000

/** What is wrong when, for whom. */
export class Weather {
  readonly #faults: readonly { fault: Fault; effect: FaultEffect; from: number; to: number }[]

  constructor(faults: readonly Fault[], start: number) {
    this.#faults = faults.map((fault) => ({
      fault,
      effect: FAULTS[fault.name],
      from: start + fault.from * MINUTE,
      to: fault.to === undefined ? Number.POSITIVE_INFINITY : start + fault.to * MINUTE,
    }))
  }

  /** All effects on a component at a time, put together. */
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

  /** When the relay gets to what it should do at `time`: at once, unless it stands still; infinite where it never wakes up. */
  awake(time: number): number {
    const stall = this.spells('relay', ({ stalled }) => stalled === true).find(
      ({ from, to }) => time >= from && time < to,
    )
    return stall === undefined ? time : stall.to + 30
  }

  /** Beginnings and ends of the faults that `concerns` picks, within [from, to). */
  spells(
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
