import type { Cause } from '../cause.ts'
import type { Party } from '../judgement.ts'

/** The rows of the checklist. */
export type CheckId =
  | 'connections'
  | 'authentication'
  | 'end-to-end'
  | 'relay'
  | 'database'
  | 'broker'
  | 'behaviour'
  | 'clocks'
  | 'probes'
  | 'tasks'
  | 'task-results'
  | 'submission'
  | 'evidence'

/** Everything that the report knows of a cause without its finding. A row answers every question, so none is forgotten. */
export interface CauseRow {
  /** Follows the subject in the title, `site-b: wrong password`, and is listed where another finding explains this one. */
  readonly title: string
  /** Who must act, unless the finding names another party. */
  readonly party: Party
  readonly action: string
  /** Steps towards the reason, in the order to try them. */
  readonly next: readonly string[]
  /** What one occurrence is called, as in `1 failed poll` and `3 failed polls`; `null` if its finder describes it. */
  readonly occurrence: readonly [one: string, many: string] | null
  /**
   * `network`: something in the network is wrong. `coverage`: the logs do not cover a time. `reading`: lines or clocks cannot be
   * relied on.
   */
  readonly concerns: 'network' | 'coverage' | 'reading'
  /** The rows of the checklist that a finding with this cause fails. */
  readonly fails: readonly CheckId[]
  /**
   * How far a poll came that ended this way; `null` if the cause is not the outcome of a poll. `nothing`: no connection. `front`: TLS,
   * a proxy or a load balancer, but not the relay. `relay`: the relay responded.
   */
  readonly reached: 'nothing' | 'front' | 'unknown' | 'relay' | null
  /** The vaguer cause that another log shows for the same poll. */
  readonly specifies: Cause | null
  /** It affects all clients on the same network path. */
  readonly shared: boolean
  /** Any success on the link ends it. Otherwise its finder decides. */
  readonly endedBySuccess: boolean
  /** The client is cut off while it lasts: several such times are flapping. */
  readonly outage: boolean
  /** What an ongoing error makes of the link. `degraded` is the most that a finding with this cause makes of it. */
  readonly linkState: 'failing' | 'degraded' | 'unaffected' | 'silent' | 'never-seen'
  /** Whose missing results it explains: those of the clients on its link, of all clients of its relay, or none. */
  readonly explainsResults: 'link' | 'relay' | 'none'
  /**
   * What it has to do with a relay that stalls. `timeout`: how requests end then. `last-line`: begins with the last line before the
   * stall. `within`: a consequence, if it lies within the stall.
   */
  readonly inStall: 'timeout' | 'last-line' | 'within' | null
  /** Consequences that are not listed separately. */
  readonly bringsAbout: readonly Cause[]
}
