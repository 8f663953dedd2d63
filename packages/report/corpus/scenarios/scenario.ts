import type { Cause } from '../../src/document/cause.ts'
import type { LinkState, Party, Severity, Verdict } from '../../src/document/report-document.ts'
import type { NetworkPlan } from '../simulation/plan.ts'
import type { WrapperName } from '../wrappers/wrapper-kinds.ts'
import type { Origin } from '../wrappers/wrapped.ts'
import type { Level } from '../writers/written-line.ts'
import type { WriterName } from '../writers/writer-kinds.ts'

/** The log of one component, as it was collected. */
export interface LogPlan {
  /** Whose: the name of a client (`site-a`, `site-a/2` for its second pod), `relay`, `broker` or `balancer`. */
  readonly of: string
  readonly writer: WriterName
  readonly level: Level
  /** Local time of the machine, minutes east of UTC. */
  readonly zoneMinutes: number
  /** How far its clock is ahead, ms. */
  readonly skewMs: number
  readonly wordy: boolean
  readonly wrapper: WrapperName
  readonly gzip: boolean
  /** In two files, the older one with `.1` behind its name. */
  readonly rotated: boolean
  /** Below the folder of the scenario. Logs of one wrapper that names pods may share a file. */
  readonly file: string
  readonly origin: Origin
}

/** A finding that has to be there. */
export interface ExpectedFinding {
  /** Any of these will do: the evidence given may not tell them apart. */
  readonly causes: readonly Cause[]
  /** Names of which one has to stand in the finding's link, component or title; undefined: wherever it is. */
  readonly on: readonly string[] | undefined
  readonly parties: readonly Party[]
  /** At least. */
  readonly severity: Severity
  readonly state: 'ongoing' | 'recovered' | 'any'
}

export interface Truth {
  readonly findings: readonly ExpectedFinding[]
  /** Consequences that may be reported as well. */
  readonly mayFind: readonly Cause[]
  /** Verdicts that are right; all others are wrong. */
  readonly verdicts: readonly Verdict[]
  /** Verdicts that would send somebody home who has to act. */
  readonly falseGreen: readonly Verdict[]
  /** State of every client's link, where nothing disturbs it. */
  readonly links: LinkState | undefined
  /** Rows of the checklist that must not be passed. */
  readonly notPassed: readonly CheckRow[]
}

/** Rows of section 6 of a report, by their ids. */
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

/** Lines that do not belong into a log, and get there all the same. */
export type Junk = 'empty lines' | 'binary' | 'foreign lines' | 'cut lines'

export interface Scenario {
  readonly name: string
  /** What is scored together: a cause, `healthy`, `missing source`. */
  readonly group: string
  readonly plan: NetworkPlan
  readonly logs: readonly LogPlan[]
  readonly junk: readonly Junk[]
  /** Clients the operator listed; undefined: no list was given. */
  readonly expected: readonly string[] | undefined
  /** The file names do not say what the files are: the operator says it (`--source`). */
  readonly labelled: boolean
  readonly truth: Truth
}
