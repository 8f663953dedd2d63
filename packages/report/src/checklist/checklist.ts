import type { Analysis } from '../analysis.ts'
import type { Cause } from '../document/cause.ts'
import type { Relay } from '../exchange/network.ts'
import { unseenRelays } from '../exchange/topology.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { RawFinding } from '../findings/raw-finding.ts'
import { formatCount } from '../findings/figures.ts'

import {
  connectionProof,
  authenticationProof,
  endToEndProof,
  relayProof,
  serviceProof,
  pollingIntervalProof,
  probeProof,
  taskProof,
  submissionProof,
  coverageProof,
  unseen,
} from './proofs.ts'
import type { Proof } from './proofs.ts'

/** One row before it is masked and numbered. */
export interface RawCheck {
  readonly id: string
  readonly title: string
  readonly state: 'passed' | 'failed' | 'unknown'
  readonly number: string
  readonly detail: string
  readonly findings: readonly RawFinding[]
  readonly evidence: readonly RawEvidence[]
  /** Without this row nobody may call the network healthy. */
  readonly essential: boolean
}

interface Rule {
  readonly id: string
  readonly title: string
  readonly essential: boolean
  /** It is about relays: what one of them shows proves nothing of another. */
  readonly everyRelay: boolean
  readonly causes: readonly Cause[]
  /** What was seen to work: the number and lines; undefined where there is no evidence, and why. */
  readonly proof: (analysis: Analysis) => Proof
}

/** The checks, each with the causes that fail it and the evidence that passes it. */
const RULES: readonly Rule[] = [
  {
    id: 'connections',
    title: 'Every client reaches the relay, without connection failures',
    essential: true,
    everyRelay: false,
    causes: [
      'name-resolution',
      'connection-refused',
      'connect-timeout',
      'read-timeout',
      'connection-closed',
      'tls-expired',
      'tls-untrusted',
      'tls-wrong-name',
      'tls-failed',
      'wrong-address',
      'access-forbidden',
      'rate-limited',
      'not-a-task-api',
      'proxy-502',
      'proxy-503',
      'proxy-504',
      'proxy-authentication',
      'client-left',
      'never-seen',
      'silent',
      'interrupted',
      'flapping',
      'client-restarted',
    ],
    proof: connectionProof,
  },
  {
    id: 'authentication',
    title: 'Every legitimate client authenticates',
    essential: true,
    everyRelay: false,
    causes: [
      'auth-unknown-user',
      'auth-wrong-password',
      'auth-wrong-collection',
      'auth-no-credentials',
      'auth-refused',
    ],
    proof: authenticationProof,
  },
  {
    id: 'end-to-end',
    title: 'A client’s own log shows that its polls are answered',
    essential: true,
    everyRelay: true,
    causes: [],
    proof: endToEndProof,
  },
  {
    id: 'relay',
    title: 'The relay is healthy',
    essential: true,
    everyRelay: true,
    causes: [
      'relay-error',
      'relay-restarted',
      'relay-stalled',
      'probe-failing',
      'slow',
      'unexplained-errors',
    ],
    proof: relayProof,
  },
  {
    id: 'database',
    title: 'The relay’s database answers',
    essential: true,
    everyRelay: true,
    causes: ['database-failing', 'database-slow'],
    proof: (analysis) =>
      serviceProof(
        analysis,
        'database',
        'statement',
        'no statement and no readiness probe of the relay, and no database log',
      ),
  },
  {
    id: 'broker',
    title: 'The broker works',
    essential: true,
    everyRelay: true,
    causes: [
      'broker-stopped',
      'broker-refused',
      'broker-auth-failed',
      'broker-heartbeat-lost',
      'broker-connection-lost',
      'broker-operation-refused',
      'broker-resource-alarm',
    ],
    proof: (analysis) =>
      serviceProof(
        analysis,
        'broker',
        'exchange',
        'no broker log, and no line of the relay about its broker',
      ),
  },
  {
    id: 'behaviour',
    title: 'Every client polls at a sensible rhythm, one instance each',
    essential: false,
    everyRelay: true,
    causes: ['two-instances', 'hammering', 'unlisted-client', 'clock-skew'],
    proof: pollingIntervalProof,
  },
  {
    id: 'probes',
    title: 'Health probes pass',
    essential: false,
    everyRelay: true,
    causes: ['probe-failing'],
    proof: probeProof,
  },
  {
    id: 'tasks',
    title: 'Tasks are answered in time',
    essential: false,
    everyRelay: true,
    causes: ['task-not-answered', 'task-handed-out-again', 'task-answered-late'],
    proof: taskProof,
  },
  {
    id: 'task-results',
    title: 'Tasks are answered with results, not with errors',
    essential: false,
    everyRelay: true,
    causes: ['task-not-answerable', 'result-rejected', 'cdm-failing'],
    proof: taskProof,
  },
  {
    id: 'submission',
    title: 'Results are submitted to the upstream',
    essential: false,
    everyRelay: true,
    causes: [
      'submission-failing',
      'upstream-unreachable',
      'upstream-refused',
      'upstream-suspension',
    ],
    proof: submissionProof,
  },
  {
    id: 'evidence',
    title: 'The logs cover the window',
    essential: true,
    everyRelay: true,
    causes: ['log-gap', 'source-ended-early', 'unreadable-lines'],
    proof: coverageProof,
  },
]

/** Passed needs evidence and no finding, failed needs a finding; everything else is unknown. */
export function checklist(analysis: Analysis): RawCheck[] {
  return RULES.filter((rule) => applies(rule, analysis)).map((rule) => check(rule, analysis))
}

/** A relay that queues in its database has no broker. */
function applies(rule: Rule, { topology, network }: Analysis): boolean {
  return (
    rule.id !== 'broker' ||
    network.relays.length === 0 ||
    topology.links.some(({ kind }) => kind === 'broker')
  )
}

function check(rule: Rule, analysis: Analysis): RawCheck {
  const { id, title, essential } = rule
  const findings = analysis.diagnosis.findings.filter(
    ({ cause, absorbed, severity }) =>
      severity !== 'info' && [cause, ...absorbed].some((one) => rule.causes.includes(one)),
  )
  const proof = proofOf(rule, analysis)
  const lines = proof.seen ? (proof.lines ?? []).filter((line) => line !== undefined) : []
  if (findings.length > 0) {
    const [worst] = findings
    return {
      id,
      title,
      essential,
      state: 'failed',
      number: formatCount(findings.length, 'finding'),
      detail: worst?.why ?? '',
      findings,
      evidence: findings.flatMap(({ evidence }) => evidence.slice(0, 1)),
    }
  }
  const detail = proof.seen
    ? 'No finding against it.'
    : `${proof.why.charAt(0).toUpperCase()}${proof.why.slice(1)}.`
  return {
    id,
    title,
    essential,
    state: proof.seen ? 'passed' : 'unknown',
    number: proof.seen ? proof.number : 'no evidence',
    detail,
    findings: [],
    evidence: lines,
  }
}

/** What was seen to work, of every relay there is: those with a log, and those that clients poll without one. */
function proofOf(rule: Rule, analysis: Analysis): Proof {
  const { network, topology } = analysis
  const whole = rule.proof(analysis)
  if (!rule.everyRelay || network.relays.length === 0 || !whole.seen) return whole
  const [dark] = unseenRelays(topology)
  if (dark !== undefined) return unseen(`no log of a relay that clients poll (${dark.name})`)
  if (network.relays.length === 1) return whole
  for (const relay of network.relays) {
    const own = ofRelay(analysis, relay)
    const proof = applies(rule, own) ? rule.proof(own) : whole
    if (!proof.seen) return { ...proof, why: `${relay.name}: ${proof.why}` }
  }
  return whole
}

/** All that is known of one relay and those who poll it. */
function ofRelay(analysis: Analysis, relay: Relay): Analysis {
  const { network, topology } = analysis
  return {
    ...analysis,
    network: {
      ...network,
      relays: [relay],
      links: network.links.filter((link) => link.relay === relay),
    },
    topology: { ...topology, links: topology.links.filter((link) => link.relay === relay) },
  }
}
