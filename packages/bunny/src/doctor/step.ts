export type StepStatus = 'ok' | 'warning' | 'failed' | 'skipped'

/** The part of the way that a step is on. The first failed area decides the exit code. */
export type Area = 'configuration' | 'network' | 'login' | 'database' | 'state'

/** One finished step of `bunny check`, in the order of the way that a task takes. */
export interface Step {
  /** Stable, for scripts: `relay.tls`, `database.tables`. Several addresses share an ID. */
  readonly id: string
  readonly area: Area
  /** The name of the relay, if there are several. */
  readonly link?: string
  /** What was checked: `TLS to 203.0.113.7:443`. */
  readonly title: string
  readonly status: StepStatus
  /** What was found, or why the step was skipped. Contains no secret and no value of a row. */
  readonly detail: string
  /** What to do, one entry per action. A statement to paste is an entry of its own. */
  readonly advice: readonly string[]
  readonly durationMs: number
}

/** What the work of a step returns. */
export interface Finding {
  readonly status: Exclude<StepStatus, 'skipped'>
  readonly detail: string
  readonly advice?: readonly string[]
}

export const ok = (detail: string): Finding => ({ status: 'ok', detail })
export const warning = (detail: string, ...advice: readonly string[]): Finding => ({
  status: 'warning',
  detail,
  advice,
})
export const failed = (detail: string, ...advice: readonly string[]): Finding => ({
  status: 'failed',
  detail,
  advice,
})
