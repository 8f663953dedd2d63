import type { Cause } from '../../src/vocabulary/cause.ts'
import type { Party, Severity } from '../../src/vocabulary/judgement.ts'
import { FAULTS } from '../simulation/faults.ts'
import type { Fault, FaultEffect, FaultName } from '../simulation/faults.ts'
import { aliasOf } from './logs-of.ts'
import type { CheckRow, ExpectedFinding } from './scenario.ts'

/** What was collected, which determines what can be known. */
export interface Evidence {
  /** Components with a log. */
  readonly logs: ReadonlySet<string>
  readonly relay: 'dotnet' | 'warren'
}

/** What a fault affects; `client` means that each client can have its own. */
export const SCOPE: Readonly<Record<FaultName, 'client' | 'network' | 'log'>> = {
  'never-seen': 'client',
  'auth-unknown-user': 'client',
  'auth-wrong-password': 'client',
  'auth-wrong-collection': 'client',
  'auth-no-credentials': 'client',
  'name-resolution': 'client',
  'connection-refused': 'client',
  'connect-timeout': 'client',
  'read-timeout': 'client',
  'tls-expired': 'client',
  'tls-untrusted': 'client',
  'tls-wrong-name': 'client',
  'proxy-502': 'network',
  'proxy-503': 'network',
  'proxy-504': 'network',
  'relay-error': 'network',
  'relay-stalled': 'network',
  slow: 'network',
  silent: 'client',
  flapping: 'client',
  'two-instances': 'client',
  hammering: 'client',
  'clock-skew': 'client',
  'upstream-suspension': 'network',
  'upstream-unreachable': 'network',
  'task-not-answered': 'client',
  'task-answered-late': 'client',
  'submission-failing': 'network',
  'broker-refused': 'network',
  'broker-auth-failed': 'network',
  'broker-heartbeat-lost': 'network',
  'broker-resource-alarm': 'network',
  'database-slow': 'network',
  'database-failing': 'network',
  'log-gap': 'log',
  'source-ended-early': 'log',
}

/** Who may be named to act. Several if the logs cannot distinguish them, or if several can fix it. */
const PARTIES: Readonly<Record<FaultName, readonly Party[]>> = {
  'never-seen': ['site', 'operator'],
  'auth-unknown-user': ['site', 'hub'],
  'auth-wrong-password': ['site', 'hub'],
  'auth-wrong-collection': ['site', 'hub'],
  'auth-no-credentials': ['site'],
  'name-resolution': ['site', 'network'],
  'connection-refused': ['network', 'hub', 'site'],
  'connect-timeout': ['network', 'site', 'hub'],
  'read-timeout': ['network', 'hub', 'site'],
  'tls-expired': ['hub', 'network'],
  'tls-untrusted': ['site', 'network', 'hub'],
  'tls-wrong-name': ['hub', 'network', 'site'],
  'proxy-502': ['network', 'hub'],
  'proxy-503': ['network', 'hub'],
  'proxy-504': ['network', 'hub'],
  'relay-error': ['hub'],
  'relay-stalled': ['hub'],
  slow: ['hub', 'network'],
  silent: ['site', 'network'],
  flapping: ['network', 'site', 'hub'],
  'two-instances': ['site'],
  hammering: ['site'],
  'clock-skew': ['site', 'operator'],
  'upstream-suspension': ['hub', 'upstream', 'network'],
  'upstream-unreachable': ['hub', 'upstream', 'network'],
  'task-not-answered': ['site'],
  'task-answered-late': ['site'],
  'submission-failing': ['upstream', 'hub', 'network'],
  'broker-refused': ['hub', 'operator'],
  'broker-auth-failed': ['hub', 'operator'],
  'broker-heartbeat-lost': ['hub', 'operator', 'network'],
  'broker-resource-alarm': ['hub', 'operator'],
  'database-slow': ['hub', 'operator'],
  'database-failing': ['hub', 'operator'],
  'log-gap': ['operator', 'hub', 'site'],
  'source-ended-early': ['operator', 'hub', 'site'],
}

/** Complete outages while they last; they must not be reported as warnings. */
const OUTAGES: ReadonlySet<FaultName> = new Set<FaultName>([
  'auth-unknown-user',
  'auth-wrong-password',
  'auth-wrong-collection',
  'auth-no-credentials',
  'name-resolution',
  'connection-refused',
  'connect-timeout',
  'read-timeout',
  'tls-expired',
  'tls-untrusted',
  'tls-wrong-name',
  'proxy-502',
  'proxy-503',
  'proxy-504',
  'relay-error',
  'relay-stalled',
  'database-failing',
])

/** Rows of the checklist that a fault contradicts. */
const ROWS: { readonly [N in FaultName]?: readonly CheckRow[] } = {
  'never-seen': ['connections'],
  'auth-unknown-user': ['authentication'],
  'auth-wrong-password': ['authentication'],
  'auth-wrong-collection': ['authentication'],
  'auth-no-credentials': ['authentication'],
  'name-resolution': ['connections'],
  'connection-refused': ['connections'],
  'connect-timeout': ['connections'],
  'read-timeout': ['connections'],
  'tls-expired': ['connections'],
  'tls-untrusted': ['connections'],
  'tls-wrong-name': ['connections'],
  'proxy-502': ['connections'],
  'proxy-503': ['connections'],
  'proxy-504': ['connections'],
  'relay-error': ['relay'],
  'relay-stalled': ['relay'],
  silent: ['connections'],
  flapping: ['connections'],
  'two-instances': ['behaviour'],
  hammering: ['behaviour'],
  'task-not-answered': ['tasks'],
  'submission-failing': ['submission'],
  'broker-refused': ['broker'],
  'broker-auth-failed': ['broker'],
  'broker-heartbeat-lost': ['broker'],
  'broker-resource-alarm': ['broker'],
  'database-failing': ['database', 'probes', 'relay'],
  'log-gap': ['evidence'],
  'source-ended-early': ['evidence'],
}

/** Consequences of a fault, which the report may mention too. */
const CONSEQUENCES: { readonly [N in FaultName]?: readonly Cause[] } = {
  'never-seen': ['task-not-answered'],
  'proxy-504': ['slow'],
  'read-timeout': ['interrupted', 'slow', 'task-not-answered', 'task-answered-late'],
  slow: ['read-timeout', 'database-slow'],
  silent: ['client-restarted', 'source-ended-early', 'log-gap', 'interrupted'],
  flapping: ['connection-refused', 'interrupted'],
  'two-instances': ['client-restarted'],
  'upstream-suspension': ['upstream-unreachable'],
  'upstream-unreachable': ['upstream-suspension'],
  'task-not-answered': ['task-not-answerable', 'unexplained-errors'],
  'task-answered-late': ['task-not-answered', 'result-rejected'],
  'broker-refused': [
    'broker-stopped',
    'relay-error',
    'log-gap',
    'source-ended-early',
    'relay-restarted',
  ],
  'broker-auth-failed': ['relay-error', 'broker-refused', 'broker-connection-lost'],
  'broker-heartbeat-lost': ['broker-connection-lost', 'broker-refused'],
  'broker-resource-alarm': ['broker-connection-lost', 'broker-refused'],
  'database-slow': ['slow'],
  'database-failing': ['relay-error', 'probe-failing', 'proxy-503'],
}

export interface FaultTruth {
  /** Undefined if the logs show nothing of it. */
  readonly finding: ExpectedFinding | undefined
  readonly mayFind: readonly Cause[]
  readonly rows: readonly CheckRow[]
}

/** What the report must contain about one fault, given the collected logs. */
export function truthOf(fault: Fault, evidence: Evidence): FaultTruth {
  const { name } = fault
  const causes = causesOf(fault, evidence)
  const mayFind = [...(CONSEQUENCES[name] ?? []), ...cutOff(name), ...brokerIsIdle(name, evidence)]
  if (causes.length === 0) return { finding: undefined, mayFind, rows: [] }
  const direct = causes.includes(name)
  const finding: ExpectedFinding = {
    causes,
    on: namesOf(fault),
    // The relay cannot know why a client is silent.
    parties: direct ? PARTIES[name] : ['site', 'network', 'hub', 'operator'],
    severity: severityOf(fault, direct),
    state: stateOf(fault),
  }
  return { finding, mayFind, rows: direct ? (ROWS[name] ?? []) : [] }
}

/** A disconnected client answers no tasks, and the relay sees no polls from it. */
function cutOff(name: FaultName): readonly Cause[] {
  const effect: FaultEffect = FAULTS[name]
  if (SCOPE[name] === 'client' || effect.loadBalancer !== undefined) {
    return ['task-not-answered', 'silent', 'interrupted']
  }
  return SCOPE[name] === 'network' ? ['task-not-answered'] : []
}

/** The .NET relay opens a broker connection per poll: without polls, the broker's log is silent too. */
function brokerIsIdle(name: FaultName, { relay }: Evidence): readonly Cause[] {
  const effect: FaultEffect = FAULTS[name]
  const stops = effect.loadBalancer ?? effect.relayStatus ?? effect.stalled ?? effect.statementsFail
  return relay === 'dotnet' && stops !== undefined ? ['log-gap', 'source-ended-early'] : []
}

function causesOf(fault: Fault, evidence: Evidence): readonly Cause[] {
  const { name, of = '' } = fault
  const { logs } = evidence
  const special = BY_EVIDENCE[name]
  if (special !== undefined) return special(fault, evidence)
  const effect: FaultEffect = FAULTS[name]
  if (effect.login !== undefined) return logs.has('relay') ? [name] : [name, 'auth-refused']
  if (effect.reach !== undefined || effect.answerLost === true) {
    return logs.has(of) ? [name] : missed(fault)
  }
  if (effect.loadBalancer !== undefined) {
    return logs.has('load-balancer') || hasClient(evidence) ? [name] : missed(fault)
  }
  return [name]
}

/** The client is missing, which is all that the relay can see if its requests do not arrive. */
function missed({ to }: Fault): readonly Cause[] {
  return to === undefined ? ['silent'] : ['interrupted', 'silent']
}

function hasClient({ logs }: Evidence): boolean {
  return [...logs].some((log) => !['relay', 'broker', 'load-balancer'].includes(log))
}

/** Faults that are visible in some logs only, or as another cause in others. */
const BY_EVIDENCE: {
  readonly [N in FaultName]?: (fault: Fault, evidence: Evidence) => readonly Cause[]
} = {
  'source-ended-early': ({ name }) => [name, 'silent', 'log-gap'],
  'clock-skew': ({ name, of = '' }, { logs }) => {
    return logs.has(of) && (logs.has('relay') || logs.has('load-balancer')) ? [name] : []
  },
  silent: (fault, { logs }) => {
    if (!logs.has(fault.of ?? '')) return missed(fault)
    // The client's own log is silent too, and continues with its next start.
    return fault.to === undefined
      ? ['silent', 'source-ended-early']
      : [...missed(fault), 'client-restarted', 'log-gap']
  },
  // The relay's log shows that it stalled; without it, only the effect on clients is visible.
  'relay-stalled': (_, evidence) =>
    evidence.logs.has('relay') ? ['relay-stalled'] : ['proxy-504'],
  // The client's log shows the one cause that comes and goes.
  flapping: ({ name, of = '' }, { logs }) => [
    name,
    logs.has(of) ? 'connection-refused' : 'interrupted',
  ],
  'task-not-answered': ({ name, of = '' }, { logs }) => {
    return logs.has(of) ? [name, 'task-not-answerable'] : [name]
  },
  'submission-failing': onlyInTheRelay,
  'upstream-suspension': onlyInTheRelay,
  'upstream-unreachable': onlyInTheRelay,
  'database-slow': onlyInTheRelay,
  'database-failing': ({ name }, { logs, relay }) => {
    if (logs.has('relay')) return [name]
    return relay === 'dotnet' ? ['relay-error'] : ['proxy-503', 'relay-error']
  },
  'broker-refused': (fault, evidence) => {
    if (!evidence.logs.has('relay')) return brokerThroughClients(evidence)
    // If the broker logged a shutdown, that is the cause; if it was killed for good, it logged nothing.
    return evidence.logs.has('broker') ? [fault.name, 'broker-stopped'] : [fault.name]
  },
  'broker-auth-failed': (fault, evidence) => {
    const { logs } = evidence
    return logs.has('relay') || logs.has('broker') ? [fault.name] : brokerThroughClients(evidence)
  },
  'broker-heartbeat-lost': ({ name }, { logs }) => {
    return logs.has('broker') ? [name] : ['broker-connection-lost']
  },
  'broker-resource-alarm': ({ name }, { logs }) => {
    return logs.has('broker') ? [name] : [name, 'broker-connection-lost']
  },
}

function onlyInTheRelay({ name }: Fault, { logs }: Evidence): readonly FaultName[] {
  return logs.has('relay') ? [name] : []
}

/** Without its broker, the .NET relay responds with 500; Warren's relay continues. */
function brokerThroughClients(evidence: Evidence): readonly Cause[] {
  return evidence.relay === 'dotnet' && hasClient(evidence) ? ['relay-error'] : []
}

function namesOf({ name, of }: Fault): readonly string[] | undefined {
  // A finding about a log names the log, whatever its name is.
  if (of === undefined || SCOPE[name] === 'log') return undefined
  const names = [of, aliasOf(of)]
  return name === 'auth-unknown-user' ? [...names, `${of}-old`] : names
}

function severityOf(fault: Fault, direct: boolean): Severity {
  return direct && fault.to === undefined && OUTAGES.has(fault.name) ? 'error' : 'warning'
}

/** Faults that are not outages, so that no end can be expected. */
const WITHOUT_END: ReadonlySet<FaultName> = new Set<FaultName>([
  'never-seen',
  'two-instances',
  'hammering',
  'clock-skew',
  'log-gap',
  'source-ended-early',
  'task-not-answered',
  'task-answered-late',
  'broker-heartbeat-lost',
  'flapping',
  'slow',
  'database-slow',
])

function stateOf(fault: Fault): ExpectedFinding['state'] {
  if (WITHOUT_END.has(fault.name)) return 'any'
  return fault.to === undefined ? 'ongoing' : 'recovered'
}
