/** What a fault hits. The judge uses it to decide which effects a fault explains. */
export type FaultScope = 'relay' | 'database' | 'broker' | 'upstream' | 'node'

/** What a run must have before a fault is possible. */
export type Requirement = 'postgres' | 'sqlite' | 'rabbitmq' | 'mount' | 'two relays'

export interface FaultKind {
  readonly scope: FaultScope
  /** Whether the plan picks a relay, an upstream or a node for it. Without a pick, it hits the whole service. */
  readonly picks: readonly ('relay' | 'manner' | 'node' | 'bunny')[]
  readonly needs: readonly Requirement[]
  /** How long it lasts, s. */
  readonly seconds: readonly [min: number, max: number]
  /** How often it is picked, relative to others. */
  readonly weight: number
  readonly description: string
}

const kinds = {
  'relay kill': relay(3, [1, 6], 'kill -9 of a relay, which is started again'),
  'relay freeze': relay(2, [2, 14], 'SIGSTOP of a relay, then SIGCONT'),
  'relay restart': relay(1, [0.5, 2], 'SIGTERM of a relay, which is started again'),
  'clock skew': relay(2, [4, 15], 'the clock of a relay is minutes ahead or behind'),
  'database cut': link('database', 2, [0, 0], 'resets the connections of a relay to its database'),
  'database stall': link('database', 2, [1, 5], 'a relay and its database exchange no data'),
  'database half-open': link('database', 1, [4, 14], 'as a stall, then the connections are reset'),
  'database restart': service('database', 2, [0.5, 3], ['postgres'], 'PostgreSQL is restarted'),
  'database kill': service(
    'database',
    1,
    [0.5, 3],
    ['postgres'],
    'PostgreSQL is killed, and starts',
  ),
  'database read-only': service('database', 2, [2, 8], ['postgres'], 'transactions cannot write'),
  'database locked': service('database', 2, [1, 5], ['sqlite'], 'another process holds the lock'),
  'database full': service('database', 2, [2, 8], ['mount'], 'the disk of the database is full'),
  'broker cut': link('broker', 1, [0, 0], 'resets the connections of a relay to the broker'),
  'broker half-open': link('broker', 1, [3, 10], 'a relay and the broker exchange no data'),
  'broker restart': service('broker', 1, [1, 5], ['rabbitmq'], 'RabbitMQ is stopped and started'),
  'broker kill': service('broker', 1, [1, 5], ['rabbitmq'], 'RabbitMQ is killed, and starts'),
  'upstream cut': upstream(2, [0, 0], 'resets the connections of a relay to an upstream'),
  'upstream stall': upstream(1, [1, 6], 'a relay and an upstream exchange no data'),
  'upstream half-open': upstream(1, [4, 14], 'as a stall, then the connections are reset'),
  'upstream refused': upstream(1, [1, 8], 'an upstream refuses the connections of a relay'),
  'upstream 500': answers(2, [1, 6], 'an upstream answers 500; some results it has stored'),
  'upstream 429': answers(1, [1, 6], 'an upstream answers 429 with Retry-After'),
  'upstream HTML': answers(2, [1, 6], 'a gateway answers 200 with a page of HTML'),
  'upstream silent': answers(1, [1, 8], 'an upstream accepts requests and never answers'),
  'node cut': node(1, [0, 0], 'resets the connections of a node'),
  'node stall': node(1, [1, 5], 'a node and the relays exchange no data'),
  'node half-open': node(1, [3, 10], 'as a stall, then the connections are reset'),
  'bunny kill': {
    ...node(2, [0.5, 3], 'kill -9 of a bunny, which is started again'),
    picks: ['bunny'],
  },
} satisfies Record<string, FaultKind>

export type FaultName = keyof typeof kinds
export const FAULT_KINDS: Readonly<Record<FaultName, FaultKind>> = kinds

export function isFaultName(text: string): text is FaultName {
  return Object.hasOwn(kinds, text)
}

type Seconds = FaultKind['seconds']

function relay(weight: number, seconds: Seconds, description: string): FaultKind {
  return { scope: 'relay', picks: ['relay'], needs: [], seconds, weight, description }
}

function link(
  scope: 'database' | 'broker',
  weight: number,
  seconds: Seconds,
  description: string,
): FaultKind {
  const needs: readonly Requirement[] = [scope === 'database' ? 'postgres' : 'rabbitmq']
  return { scope, picks: ['relay'], needs, seconds, weight, description }
}

function service(
  scope: 'database' | 'broker',
  weight: number,
  seconds: Seconds,
  needs: readonly Requirement[],
  description: string,
): FaultKind {
  return { scope, picks: [], needs, seconds, weight, description }
}

function upstream(weight: number, seconds: Seconds, description: string): FaultKind {
  return { scope: 'upstream', picks: ['relay', 'manner'], needs: [], seconds, weight, description }
}

function answers(weight: number, seconds: Seconds, description: string): FaultKind {
  return { scope: 'upstream', picks: ['manner'], needs: [], seconds, weight, description }
}

function node(weight: number, seconds: Seconds, description: string): FaultKind {
  return { scope: 'node', picks: ['node'], needs: [], seconds, weight, description }
}
