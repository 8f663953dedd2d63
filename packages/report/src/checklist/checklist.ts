import type { Analysis } from '../analysis.ts'
import type { CheckId } from '../vocabulary/causes/cause-row.ts'
import { CAUSE_SHEET } from '../vocabulary/causes/sheet.ts'
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
  readonly id: CheckId
  readonly title: string
  readonly essential: boolean
  /** The evidence from one relay proves nothing about another. */
  readonly everyRelay: boolean
  /** The evidence that passes the row, or what is missing. */
  readonly proof: (analysis: Analysis) => Proof
}

/** The rows, each with the evidence that passes it. The sheet of causes says which causes fail it. */
const RULES: readonly Rule[] = [
  {
    id: 'connections',
    title: 'Every client can reach the relay',
    essential: true,
    everyRelay: false,
    proof: connectionProof,
  },
  {
    id: 'authentication',
    title: 'Every client can log in',
    essential: true,
    everyRelay: false,
    proof: authenticationProof,
  },
  {
    id: 'end-to-end',
    title: 'Client logs confirm that polls are answered',
    essential: true,
    everyRelay: true,
    proof: endToEndProof,
  },
  {
    id: 'relay',
    title: 'The relay is healthy',
    essential: true,
    everyRelay: true,
    proof: relayProof,
  },
  {
    id: 'database',
    title: "The relay's database works",
    essential: true,
    everyRelay: true,
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
    proof: pollingIntervalProof,
  },
  {
    id: 'clocks',
    title: 'The clocks of the clients and the relay agree',
    essential: false,
    everyRelay: true,
    proof: clockProof,
  },
  {
    id: 'probes',
    title: 'Health probes succeed',
    essential: false,
    everyRelay: true,
    proof: probeProof,
  },
  {
    id: 'tasks',
    title: 'Tasks are answered in time',
    essential: false,
    everyRelay: true,
    proof: taskProof,
  },
  {
    id: 'task-results',
    title: 'Tasks are answered with results, not with errors',
    essential: false,
    everyRelay: true,
    proof: taskProof,
  },
  {
    id: 'submission',
    title: 'Results are submitted to the upstream',
    essential: false,
    everyRelay: true,
    proof: submissionProof,
  },
  {
    id: 'evidence',
    title: 'The logs cover the time range',
    essential: true,
    everyRelay: true,
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
      severity !== 'info' &&
      [cause, ...absorbed].some((one) => CAUSE_SHEET[one].fails.includes(id)),
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
