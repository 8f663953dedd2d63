import type { Analysis } from '../analysis.ts'
import type { Cause } from '../vocabulary/cause.ts'
import type { Relay } from '../network/network.ts'
import { unseenRelays } from '../network/topology.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { RawFinding } from '../findings/raw-finding.ts'
import { formatCount, sentences } from '../vocabulary/figures.ts'

import {
  connectionProof,
  authenticationProof,
  endToEndProof,
  relayProof,
  serviceProof,
  pollingIntervalProof,
  clockProof,
  probeProof,
  taskProof,
  submissionProof,
  coverageProof,
  unseen,
} from './proofs.ts'
import type { Proof } from './proofs.ts'

/** A row before it is masked and numbered. */
export interface RawCheck {
  readonly id: string
  readonly title: string
  readonly state: 'passed' | 'failed' | 'unknown'
  readonly number: string
  readonly detail: string
  readonly findings: readonly RawFinding[]
  readonly evidence: readonly RawEvidence[]
  /** The network is not healthy unless this row has passed. */
  readonly essential: boolean
}

interface Rule {
  readonly id: string
  readonly title: string
  readonly essential: boolean
  /** The evidence from one relay proves nothing about another. */
  readonly everyRelay: boolean
  readonly causes: readonly Cause[]
  /** The evidence that passes the row, or what is missing. */
  readonly proof: (analysis: Analysis) => Proof
}

/** The rows, each with the causes that fail it and the evidence that passes it. */
const RULES: readonly Rule[] = [
  {
    id: 'connections',
    title: 'Every client can reach the relay',
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
    title: 'Every client can log in',
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
    title: 'Client logs confirm that polls are answered',
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
    title: "The relay's database works",
    essential: true,
    everyRelay: true,
    causes: ['database-failing', 'database-slow'],
    proof: (analysis) =>
      serviceProof(
        analysis,
        'database',
        'statement',
        'there is no database log, and the relay log shows no statement and no readiness probe',
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
        'there is no broker log, and the relay log does not mention the broker',
      ),
  },
  {
    id: 'behaviour',
    title: 'Clients poll as expected: from one instance, at a normal interval',
    essential: false,
    everyRelay: true,
    causes: ['two-instances', 'hammering', 'unlisted-client'],
    proof: pollingIntervalProof,
  },
  {
    id: 'clocks',
    title: 'The clocks of the clients and the relay agree',
    essential: false,
    everyRelay: true,
    causes: ['clock-skew'],
    proof: clockProof,
  },
  {
    id: 'probes',
    title: 'Health probes succeed',
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
    title: 'The logs cover the time range',
    essential: true,
    everyRelay: true,
    causes: ['log-gap', 'source-ended-early', 'unreadable-lines'],
    proof: coverageProof,
  },
]

/** A row fails with a finding and passes with evidence; without either it is unknown. */
export function checklist(analysis: Analysis): RawCheck[] {
  return RULES.filter((rule) => applies(rule, analysis)).map((rule) => check(rule, analysis))
}

/** A relay that uses its database as a queue has no broker. */
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
  const detail = proof.seen ? 'No finding contradicts this.' : sentences(proof.why)
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

/** The evidence from every relay, including those that clients poll and that have no log. */
function proofOf(rule: Rule, analysis: Analysis): Proof {
  const { network, topology } = analysis
  const whole = rule.proof(analysis)
  if (!rule.everyRelay || network.relays.length === 0 || !whole.seen) return whole
  const [dark] = unseenRelays(topology)
  if (dark !== undefined)
    return unseen(`there is no log of ${dark.name}, a relay that clients poll`)
  if (network.relays.length === 1) return whole
  for (const relay of network.relays) {
    const own = ofRelay(analysis, relay)
    const proof = applies(rule, own) ? rule.proof(own) : whole
    if (!proof.seen) return { ...proof, why: `${proof.why} (${relay.name})` }
  }
  return whole
}

/** The part of the analysis that concerns one relay and its clients. */
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
