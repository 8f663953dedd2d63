import { BrokerPeers } from './broker-peers.ts'
import { quote } from './evidence-keeper.ts'
import type { Quotable, RawEvidence } from './evidence-keeper.ts'
import { Heartbeat } from './heartbeat.ts'
import { LinkStats } from './link-stats.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { ExchangeSample } from './exchange-sample.ts'
import { ProblemHistory } from './problem-history.ts'
import { TaskLedger } from './task-ledger.ts'

/** Slower responses count as slow. Milliseconds. */
export const SLOW_MS = { poll: 1_000, database: 500, broker: 1_000, upstream: 5_000 } as const

/** Clients per relay that are tracked separately; any more are combined. */
export const MAX_CLIENTS = 1_000

/** Start messages within this time belong to one start: a relay logs one per address it listens on. */
const SAME_START_MS = 5_000

const VERSION = /^v?\d[\w.+-]{0,40}$/
/** Detail of a restart without a shutdown message before it. */
export const NO_SHUTDOWN_MESSAGE = 'without a shutdown message'

/** Facts that every program logs. */
export class ProgramFacts {
  program = ''
  version = ''
  starts = 0
  readonly startLines: RawEvidence[] = []
  firstStart = Number.NaN
  lastStart = Number.NaN
  /** Last shutdown message: missing lines after it are intended. */
  lastStop = Number.NaN
  readonly errors = new ProblemHistory()
  /** Starts that failed, and crashes whose reason it logged; the details are the reasons. */
  readonly crashes = new ProblemHistory()
  /** Starts after an earlier start or after work, each counted from the last sign of life. */
  readonly restarts = new ProblemHistory()

  /** Last event of its work, ms; NaN if there is none. */
  get lastWork(): number {
    return Number.NaN
  }

  started(line: Quotable, version: string): void {
    if (VERSION.test(version)) this.version = version
    if (line.time - this.lastStart < SAME_START_MS && !(this.lastStop > this.lastStart)) return
    const alive = latest(this.lastWork, this.lastStart)
    if (!Number.isNaN(alive)) {
      const stopped = this.lastStop > (this.lastStart || 0)
      this.restarts.see(line, 1, stopped ? this.lastStop : alive)
      this.restarts.recover(line)
      if (!stopped) this.restarts.detail(NO_SHUTDOWN_MESSAGE)
    }
    this.starts++
    if (Number.isNaN(this.firstStart)) this.firstStart = line.time
    this.lastStart = line.time
    if (this.startLines.length < 4) this.startLines.push(quote(line))
  }
}

/** The later of two times; either may be NaN. */
function latest(a: number, b: number): number {
  return a > b || Number.isNaN(b) ? a : b
}

/** Facts from the log of a client (bunny). */
export class ClientFacts extends ProgramFacts {
  readonly role = 'client'
  readonly link = new LinkStats({ slowMs: SLOW_MS.poll * 2 })
  readonly cdm = new LinkStats({ slowMs: 60_000 })
  readonly tasks = new TaskLedger()
  readonly sample = new ExchangeSample()
  /** The log contains every poll (level DEBUG), not only notable ones. */
  logsPolls = false
  /** How the client reaches the relay: host, unusual port, and the path in front of the Task API; '' if unknown. */
  host = ''
  solved = 0
  /** Largest result that arrived and smallest one that did not, in bytes of their log lines; NaN if there is none. */
  largestArrived = Number.NaN
  smallestLost = Number.NaN
  received = 0
  submitted = 0
  submissionFailures = 0
  readonly solveTime = new LatencyHistogram()

  override get lastWork(): number {
    return this.link.last
  }

  /** A result arrived at the relay. */
  resultArrived(line: Quotable, bytes: number): void {
    if (!(this.largestArrived >= bytes)) this.largestArrived = bytes
    this.link.problems.get('result-not-submitted')?.recover(line)
  }

  /** A result did not arrive: nothing answered, or something on the way did. */
  resultLost(line: Quotable, outcome: number, reason: string, ms: number, bytes: number): void {
    if (!(this.smallestLost <= bytes)) this.smallestLost = bytes
    this.link.failure(line, outcome, 'result-not-submitted', ms)
    this.link.problems.get('result-not-submitted')?.detail(reason)
  }
}

/** One client in the log of a relay or load balancer. */
export interface RelayClient {
  /** Collection ID or name, whichever the log contains. Mask it before output. */
  readonly key: string
  readonly stats: LinkStats
  /** Names by how often they appear with this collection. */
  readonly names: Map<string, number>
  /** A few collection IDs that it polls, in lower case, to find it in a load balancer's log. Secret. */
  readonly collections: Set<string>
  /** How it reaches the relay, like `host` of a client, if a load balancer's log contains it; else ''. */
  address: string
  /** Times of handed-out tasks without a result yet; at most 16. */
  readonly waiting: number[]
  /** Line of the first task handed out without a result. */
  waitingLine: RawEvidence | undefined
  /** When a task was last handed out to it; NaN if never. */
  lastTask: number
  /** Lines of tasks handed out and results received; the first 16. */
  readonly taskLines: { step: 'handed-out' | 'answered' | 'late'; evidence: RawEvidence }[]
}

/** Clients by collection ID or name, up to a limit. */
export class ClientTable {
  readonly #clients = new Map<string, RelayClient>()
  /** There were more clients than are tracked separately. */
  overflowed = false

  of(key: string): RelayClient | undefined {
    let client = this.#clients.get(key)
    if (client === undefined) {
      if (this.#clients.size >= MAX_CLIENTS) {
        this.overflowed = true
        return undefined
      }
      client = {
        key,
        stats: new LinkStats({ slowMs: SLOW_MS.poll }),
        names: new Map(),
        collections: new Set(),
        address: '',
        waiting: [],
        waitingLine: undefined,
        lastTask: Number.NaN,
        taskLines: [],
      }
      this.#clients.set(key, client)
    }
    return client
  }

  all(): RelayClient[] {
    return [...this.#clients.values()]
  }
}

/** Facts from the log of a relay. */
export class RelayFacts extends ProgramFacts {
  readonly role = 'relay'
  readonly clients = new ClientTable()
  readonly database = new LinkStats({ slowMs: SLOW_MS.database })
  readonly broker = new LinkStats({ slowMs: SLOW_MS.broker })
  /** By type: `a`, `b`, or '' if the log does not contain it. */
  readonly upstreams = new Map<string, LinkStats>()
  readonly submissions = new LinkStats({ slowMs: SLOW_MS.upstream })
  readonly probes = new LinkStats({ slowMs: SLOW_MS.poll })
  readonly probeLines: RawEvidence[] = []
  /** Probes with a "no credentials" line of their own. */
  probesWithoutCredentials = 0
  readonly serverErrors = new ProblemHistory()
  readonly tasks = new TaskLedger()
  /** Tasks that reached their deadline, if it is unknown which client's result was missing. */
  readonly expiredForUnknownClient = new ProblemHistory()
  /** The log names the clients that did not answer an expired task. */
  namesMissing = false
  readonly sample = new ExchangeSample()
  requests = 0
  validated = 0
  /** Events that no request triggers: sweeps, probes, polls of the upstream. */
  readonly ownActivity = new Heartbeat()
  /** It logs a summary of its requests once a minute. */
  logsSummaries = false
  /** The log contains requests, not only warnings. */
  logsRequests = false
  /** It checks its database and broker by itself, and logs the results. */
  probesServices = false
  queue = ''
  store = ''

  override get lastWork(): number {
    const seen = this.clients.all().map(({ stats }) => stats.last)
    return seen.reduce(latest, this.probes.last)
  }

  upstream(type: string): LinkStats {
    let stats = this.upstreams.get(type)
    if (stats === undefined) {
      stats = new LinkStats({ slowMs: SLOW_MS.upstream })
      // There are only a handful of types; a log with more is broken.
      if (this.upstreams.size < 8) this.upstreams.set(type, stats)
    }
    return stats
  }
}

/** Facts from the log of a broker. */
export class BrokerFacts extends ProgramFacts {
  readonly role = 'broker'
  readonly link = new LinkStats({ slowMs: SLOW_MS.broker })
  readonly sample = new ExchangeSample()
  readonly lifetimes = new LatencyHistogram()
  readonly churn = new ProblemHistory()
  readonly peers = new BrokerPeers()
  /** Memory or disk alarms; they end only when the broker logs it. */
  readonly alarms = new ProblemHistory()
  /** Times when the broker was down. */
  readonly stops = new ProblemHistory()
  /** Operations that the broker refused after a login. */
  readonly operations = new ProblemHistory()
  accepted = 0
  authenticated = 0
  closed = 0
  shortLived = 0
  /** Users that log in or are rejected; a few at most. */
  readonly users = new Map<string, BrokerUser>()

  user(name: string): BrokerUser | undefined {
    let user = this.users.get(name)
    if (user === undefined && name !== '' && this.users.size < MAX_BROKER_USERS) {
      user = { logins: 0, lastLogin: Number.NaN, lastRefused: Number.NaN }
      this.users.set(name, user)
    }
    return user
  }
}

const MAX_BROKER_USERS = 32

/** Times in the clock of the source; NaN if it never happened. */
export interface BrokerUser {
  logins: number
  lastLogin: number
  lastRefused: number
}

/** Facts from the log of a load balancer or ingress. */
export class LoadBalancerFacts extends ProgramFacts {
  readonly role = 'load-balancer'
  readonly clients = new ClientTable()
  readonly link = new LinkStats({ slowMs: SLOW_MS.poll })
  readonly sample = new ExchangeSample()
  requests = 0
  name = ''
}

/** Facts from the log of a database server. */
export class DatabaseFacts extends ProgramFacts {
  readonly role = 'database'
  readonly link = new LinkStats({ slowMs: SLOW_MS.database })
}

/** Facts from the log of a Task API server (upstream). */
export class UpstreamFacts extends ProgramFacts {
  readonly role = 'upstream'
  readonly link = new LinkStats({ slowMs: SLOW_MS.upstream })
  readonly tasks = new TaskLedger()
  readonly suspended = new ProblemHistory()
  queued = 0
  leased = 0
  results = 0
}

export type Facts =
  ClientFacts | RelayFacts | BrokerFacts | LoadBalancerFacts | DatabaseFacts | UpstreamFacts
