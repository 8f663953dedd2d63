import { BrokerPeers } from './broker-peers.ts'
import { quote } from './evidence-keeper.ts'
import type { Quotable, RawEvidence } from './evidence-keeper.ts'
import { Heartbeat } from './heartbeat.ts'
import { LinkStats } from './link-stats.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { ExchangeSample } from './exchange-sample.ts'
import { ProblemHistory } from './problem-history.ts'
import { TaskLedger } from './task-ledger.ts'

/** Above these an answer is slow. Milliseconds. */
export const SLOW_MS = { poll: 1_000, database: 500, broker: 1_000, upstream: 5_000 } as const

/** Clients of one relay that are followed one by one; any more are counted together. */
export const MAX_CLIENTS = 1_000

/** Several lines within so long tell of one start: a relay's of each address it listens on. */
const SAME_START_MS = 5_000

/** Detail of a restart before which the program did not say that it was stopping. */
export const NO_SHUTDOWN_MESSAGE = 'without a word that it was stopping'

/** What every program says of itself. */
export class ProgramFacts {
  program = ''
  version = ''
  starts = 0
  readonly startLines: RawEvidence[] = []
  firstStart = Number.NaN
  lastStart = Number.NaN
  /** The program said that it was stopping: what is missing afterwards was intended. */
  lastStop = Number.NaN
  readonly errors = new ProblemHistory()
  /** Starts in the log of one that had worked, or begun, before: each from when it was last known to live. */
  readonly restarts = new ProblemHistory()

  /** Last sign of its work, ms; NaN if there is none. */
  get lastWork(): number {
    return Number.NaN
  }

  started(line: Quotable, version: string): void {
    if (version !== '') this.version = version
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

/** The later of two times, of which either may be NaN. */
function latest(a: number, b: number): number {
  return a > b || Number.isNaN(b) ? a : b
}

/** What a client (bunny) tells. */
export class ClientFacts extends ProgramFacts {
  readonly role = 'client'
  readonly link = new LinkStats({ slowMs: SLOW_MS.poll * 2 })
  readonly cdm = new LinkStats({ slowMs: 60_000 })
  readonly tasks = new TaskLedger()
  readonly sample = new ExchangeSample()
  /** The log writes every poll (DEBUG), not only what is remarkable. */
  logsPolls = false
  /** Host of the relay as the client calls it. */
  host = ''
  solved = 0
  received = 0
  posted = 0
  postFailures = 0
  readonly solveTime = new LatencyHistogram()

  override get lastWork(): number {
    return this.link.last
  }
}

/** One client as a relay sees it. */
export interface RelayClient {
  /** Collection id or name, whatever the log calls the client by. Never shown without masking. */
  readonly key: string
  readonly stats: LinkStats
  /** Name by how often it stood beside this collection. */
  readonly names: Map<string, number>
  /** Collections it polls, in lower case, to find it again in a balancer's log; a few at most. Secret. */
  readonly collections: Set<string>
  /** Times of hand-outs whose answer has not come yet; at most 16. */
  readonly waiting: number[]
  /** Line of the first hand-out that was still unanswered. */
  waitingLine: RawEvidence | undefined
  /** When it was handed a task last; NaN if never. */
  lastTask: number
  /** Lines of polls that got a task and of answers, the first 16. */
  readonly taskLines: { step: 'handed-out' | 'answered' | 'late'; evidence: RawEvidence }[]
}

/** Clients by collection or name, up to a limit. */
export class ClientTable {
  readonly #clients = new Map<string, RelayClient>()
  /** There were more than are followed one by one. */
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

/** What a relay (relay) tells. */
export class RelayFacts extends ProgramFacts {
  readonly role = 'relay'
  readonly clients = new ClientTable()
  readonly database = new LinkStats({ slowMs: SLOW_MS.database })
  readonly broker = new LinkStats({ slowMs: SLOW_MS.broker })
  /** By type: `a`, `b`, or '' where the log does not say. */
  readonly upstreams = new Map<string, LinkStats>()
  readonly submissions = new LinkStats({ slowMs: SLOW_MS.upstream })
  readonly probes = new LinkStats({ slowMs: SLOW_MS.poll })
  readonly probeLines: RawEvidence[] = []
  /** Probes beside which the "no credentials" line stands. */
  probesWithoutCredentials = 0
  readonly serverErrors = new ProblemHistory()
  readonly tasks = new TaskLedger()
  /** Tasks that reached their deadline, where nobody can tell whose answer they lacked. */
  readonly expiredForUnknownClient = new ProblemHistory()
  /** The log says itself who had not answered an expired task. */
  namesMissing = false
  readonly sample = new ExchangeSample()
  requests = 0
  validated = 0
  /** Signs of life that nobody's request brings about: sweeps, probes, polls of the upstream. */
  readonly ownActivity = new Heartbeat()
  /** It counts what it does, and says so once a minute. */
  logsSummaries = false
  /** The log writes requests, not only warnings. */
  logsRequests = false
  /** It asks its database and its broker by itself, and writes what they answer. */
  probesServices = false
  queue = ''
  store = ''

  override get lastWork(): number {
    const heard = this.clients.all().map(({ stats }) => stats.last)
    return heard.reduce(latest, this.probes.last)
  }

  upstream(type: string): LinkStats {
    let stats = this.upstreams.get(type)
    if (stats === undefined) {
      stats = new LinkStats({ slowMs: SLOW_MS.upstream })
      // Types are a handful of letters; a log that names hundreds is broken.
      if (this.upstreams.size < 8) this.upstreams.set(type, stats)
    }
    return stats
  }
}

/** What a broker tells. */
export class BrokerFacts extends ProgramFacts {
  readonly role = 'broker'
  readonly link = new LinkStats({ slowMs: SLOW_MS.broker })
  readonly sample = new ExchangeSample()
  readonly lifetimes = new LatencyHistogram()
  readonly churn = new ProblemHistory()
  readonly peers = new BrokerPeers()
  /** Memory or disk alarms; over only when the broker says so. */
  readonly alarms = new ProblemHistory()
  /** It went down; over when it is up again. */
  readonly stops = new ProblemHistory()
  /** What clients that were let in asked for and did not get. */
  readonly operations = new ProblemHistory()
  accepted = 0
  authenticated = 0
  closed = 0
  shortLived = 0
  /** Who logs in, and who is refused; a few at most. */
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

/** Times in the clock of the source; NaN where it did not happen. */
export interface BrokerUser {
  logins: number
  lastLogin: number
  lastRefused: number
}

/** What a load balancer or ingress tells. */
export class LoadBalancerFacts extends ProgramFacts {
  readonly role = 'load-balancer'
  readonly clients = new ClientTable()
  readonly link = new LinkStats({ slowMs: SLOW_MS.poll })
  readonly sample = new ExchangeSample()
  requests = 0
  name = ''
}

/** What a database server tells. */
export class DatabaseFacts extends ProgramFacts {
  readonly role = 'database'
  readonly link = new LinkStats({ slowMs: SLOW_MS.database })
}

/** What a Task API server (upstream) tells. */
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
