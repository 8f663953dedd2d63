import type { Cause } from '../cause.ts'
import type { CauseRow } from './cause-row.ts'

/** Health probes. */
export const PROBES = {
  'health-probe': {
    title: 'health probes without credentials (harmless)',
    party: 'none',
    action: 'No action needed.',
    next: [],
    occurrence: null,
    concerns: 'network',
    fails: [],
    reached: null,
    specifies: null,
    shared: false,
    endedBySuccess: true,
    outage: true,
    linkState: 'failing',
    explainsResults: 'link',
    inStall: null,
    bringsAbout: [],
  },
  'probe-failing': {
    title: 'health probes fail',
    party: 'hub',
    action:
      'Find out why the relay reports itself unhealthy: the platform restarts it or takes it out of service.',
    next: ['For a .NET relay, check the database: its /healthz checks nothing else.'],
    occurrence: null,
    concerns: 'network',
    fails: ['relay', 'probes'],
    reached: null,
    specifies: null,
    shared: false,
    endedBySuccess: true,
    outage: true,
    linkState: 'failing',
    explainsResults: 'link',
    inStall: 'within',
    bringsAbout: [],
  },
} as const satisfies Partial<Record<Cause, CauseRow>>
