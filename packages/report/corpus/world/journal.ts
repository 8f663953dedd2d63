/** What happens at one program, before anybody decided how it is written down. `at` is true time, UTC milliseconds. */
export type ClientEvent =
  | { at: number; what: 'started'; version: string }
  | { at: number; what: 'sent'; requestId: string }
  | { at: number; what: 'answered'; requestId: string; status: number; ms: number }
  | {
      at: number
      what: 'failed'
      requestId: string
      failure: Failure
      ms: number
      posting: boolean
    }
  | { at: number; what: 'task'; taskId: string; requestId: string }
  | { at: number; what: 'solved'; taskId: string; ms: number }
  | { at: number; what: 'posted'; taskId: string; requestId: string; status: number; ms: number }
  | { at: number; what: 'unanswerable'; taskId: string }

export type HubEvent =
  | { at: number; what: 'started' }
  | { at: number; what: 'statement'; ms: number; failed: boolean }
  | { at: number; what: 'validated'; client: string; requestId: string }
  | {
      at: number
      what: 'refused'
      client: string
      collection: string
      reason: AuthReason
      requestId: string
      path: string
    }
  | {
      at: number
      what: 'request'
      method: string
      path: string
      status: number
      ms: number
      client: string
      collection: string
      requestId: string
      exception?: Exception
    }
  | { at: number; what: 'sweep' }
  | { at: number; what: 'task'; taskId: string }
  | {
      at: number
      what: 'handed-out'
      taskId: string
      subtaskId: string
      collection: string
      requestId: string
    }
  | {
      at: number
      what: 'stored'
      taskId: string
      subtaskId: string
      collection: string
      requestId: string
      late: boolean
    }
  | { at: number; what: 'lease-returned'; taskId: string; subtaskId: string; collection: string }
  | { at: number; what: 'expired'; taskId: string }
  | { at: number; what: 'submitting'; taskId: string; attempt: number }
  | { at: number; what: 'submitted'; taskId: string; attempt: number; ms: number }
  | { at: number; what: 'submission-failed'; taskId: string; attempt: number; status: number }
  | { at: number; what: 'upstream-poll'; type: 'a' | 'b'; status: number; ms: number }
  | { at: number; what: 'upstream-failed'; type: 'a' | 'b'; failure: Failure }
  | { at: number; what: 'broker-down'; refused: boolean }
  | { at: number; what: 'broker-up' }
  | { at: number; what: 'store-down' }
  | { at: number; what: 'store-up' }

export type BrokerEvent =
  | { at: number; what: 'connection'; user: string; ms: number }
  | { at: number; what: 'refused-login'; user: string }
  | { at: number; what: 'heartbeat-lost' }
  | { at: number; what: 'alarm'; kind: 'memory' | 'disk'; set: boolean }
  | { at: number; what: 'port-probe' }

export interface BalancerEvent {
  at: number
  client: string
  path: string
  method: string
  elb: number
  /** Undefined: no target answered. */
  target: number | undefined
  ms: number
}

export type AuthReason = 'unknown user' | 'wrong password' | 'wrong collection' | 'missing'
export type Exception = 'database' | 'broker' | 'other'
export type Failure =
  | 'dns'
  | 'refused'
  | 'connect-timeout'
  | 'read-timeout'
  | 'reset'
  | 'tls-expired'
  | 'tls-untrusted'
  | 'tls-wrong-name'
  | 'proxy-auth'
  | 'not-json'
  | number
