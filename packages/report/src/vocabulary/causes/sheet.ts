import { CAUSES, type Cause } from '../cause.ts'
import { CONNECTING } from './connecting.ts'
import { ACCESS } from './access.ts'
import { LOAD_BALANCER } from './load-balancer.ts'
import { RELAY } from './relay.ts'
import { POLLING } from './polling.ts'
import { EVIDENCE } from './evidence.ts'
import { TASKS } from './tasks.ts'
import { UPSTREAM } from './upstream.ts'
import { BROKER } from './broker.ts'
import { DATABASES } from './databases.ts'
import { PLATFORM } from './platform.ts'
import { PROBES } from './probes.ts'
import type { CauseRow } from './cause-row.ts'

/** What is known of each cause. Compiles only if every cause has a row. */
export const CAUSE_SHEET: Readonly<Record<Cause, CauseRow>> = {
  ...CONNECTING,
  ...ACCESS,
  ...LOAD_BALANCER,
  ...RELAY,
  ...POLLING,
  ...EVIDENCE,
  ...TASKS,
  ...UPSTREAM,
  ...BROKER,
  ...DATABASES,
  ...PLATFORM,
  ...PROBES,
}

/** What one and several occurrences of a cause are called. */
export function occurrenceOf(cause: Cause): readonly [one: string, many: string] {
  return CAUSE_SHEET[cause].occurrence ?? ['failure', 'failures']
}

/** The causes whose row satisfies `test`, in the order of `CAUSES`. */
export function causesWhere(test: (row: CauseRow) => boolean): ReadonlySet<Cause> {
  return new Set(CAUSES.filter((cause) => test(CAUSE_SHEET[cause])))
}
