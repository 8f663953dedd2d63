import type { Fault } from '../simulation/faults.ts'
import { build } from './build.ts'
import type { Scenario } from './scenario.ts'

/**
 * The first scenario of the report: one client with its log, two more clients only in the relay's log, and no tasks; then the same
 * with one fault.
 */
export function halfHours(): Scenario[] {
  return [
    halfHour('healthy-half-hour'),
    halfHour('password-changed', { name: 'auth-wrong-password', from: 12, of: 'site-b' }),
    halfHour('dns-outage', { name: 'name-resolution', from: 18, to: 21, of: 'site-a' }),
    halfHour('balancer-502', { name: 'proxy-502', from: 14, to: 16 }),
  ]
}

function halfHour(name: string, fault?: Fault): Scenario {
  return build({
    name,
    group: 'half hour',
    stack: 'old',
    turn: 0,
    tasks: [],
    logs: ['site-a', 'relay', 'broker'],
    faults: fault === undefined ? [] : [fault],
  })
}
