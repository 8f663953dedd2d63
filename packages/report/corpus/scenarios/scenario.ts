import type { Cause } from '../../src/vocabulary/cause.ts'
import type { LinkState, Verdict } from '../../src/document/report-document.ts'
import type { Party, Severity } from '../../src/vocabulary/judgement.ts'
import type { NetworkPlan } from '../simulation/plan.ts'
import type { WrapperName } from '../wrappers/wrapper-kinds.ts'
import type { Origin } from '../wrappers/wrapped.ts'
import type { Level } from '../writers/written-line.ts'
import type { WriterName } from '../writers/writer-kinds.ts'

/** The log of one component, as collected. */
export interface LogPlan {
  /** The name of a client (`site-a`, `site-a/2` for its second pod), `relay`, `broker` or `load-balancer`. */
  readonly of: string
  readonly writer: WriterName
  readonly level: Level
  /** Time zone of the machine, minutes east of UTC. */
  readonly zoneMinutes: number
  /** How far its clock is ahead, ms. */
  readonly skewMs: number
  readonly verbose: boolean
  readonly wrapper: WrapperName
  readonly gzip: boolean
  /** In two files; the older one ends in `.1`. */
  readonly rotated: boolean
  /** Relative to the folder of the scenario. Logs may share a file if the wrapper names pods. */
  readonly file: string
  readonly origin: Origin
}

/** A finding that the report must contain. */
export interface ExpectedFinding {
  /** Any of these is correct if the logs cannot distinguish them. */
  readonly causes: readonly Cause[]
  /** One of these names must be in the link, component or title of the finding; undefined: any. */
  readonly on: readonly string[] | undefined
  readonly parties: readonly Party[]
  /** Minimum severity. */
  readonly severity: Severity
  readonly state: 'ongoing' | 'recovered' | 'any'
}

export interface Truth {
  readonly findings: readonly ExpectedFinding[]
  /** Consequences that may be reported too. */
  readonly mayFind: readonly Cause[]
  /** Correct verdicts. */
  readonly verdicts: readonly Verdict[]
  /** Verdicts that wrongly suggest that no action is needed. */
  readonly falseGreen: readonly Verdict[]
  /** State of every client's link, if no fault affects it. */
  readonly links: LinkState | undefined
  /** Rows of the checklist that must not pass. */
  readonly notPassed: readonly CheckRow[]
}

/** Row IDs of the report's checklist. */
export type CheckRow =
  | 'connections'
  | 'authentication'
  | 'relay'
  | 'database'
  | 'broker'
  | 'behaviour'
  | 'probes'
  | 'tasks'
  | 'submission'
  | 'evidence'

/** Lines that do not belong in a log but occur in practice. */
export type Junk = 'empty lines' | 'binary' | 'foreign lines' | 'cut lines'

export interface Scenario {
  readonly name: string
  /** Scenarios that are scored together: a cause, `healthy`, `missing source`. */
  readonly group: string
  readonly plan: NetworkPlan
  readonly logs: readonly LogPlan[]
  readonly junk: readonly Junk[]
  /** The operator's list of clients; undefined without a list. */
  readonly expected: readonly string[] | undefined
  /** The operator labels the files with `--source` because their names do not identify them. */
  readonly labelled: boolean
  readonly truth: Truth
}
