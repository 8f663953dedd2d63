import type { Analysis } from '../analysis.ts'
import type { Cause } from '../document/cause.ts'
import type { Hub } from '../exchange/network.ts'
import { unseenHubs } from '../exchange/topology.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { FindingDraft } from '../findings/finding-draft.ts'
import { countWord } from '../findings/words.ts'

import {
  connectionProof,
  authenticationProof,
  endToEndProof,
  hubProof,
  serviceProof,
  rhythmProof,
  probeProof,
  taskProof,
  submissionProof,
  coverageProof,
  unseen,
} from './proofs.ts'
import type { Proof } from './proofs.ts'

/** One row before it is masked and numbered. */
export interface CheckDraft {
  readonly id: string
  readonly title: string
  readonly state: 'passed' | 'failed' | 'unknown'
  readonly number: string
  readonly detail: string
  readonly findings: readonly FindingDraft[]
  readonly evidence: readonly RawEvidence[]
  /** Without this row nobody may call the network healthy. */
  readonly essential: boolean
}

interface Rule {
  readonly id: string
  readonly title: string
  readonly essential: boolean
  /** It is about hubs: what one of them shows proves nothing of another. */
  readonly everyHub: boolean
  readonly causes: readonly Cause[]
  /** What was seen to work: the number and lines; undefined where there is no evidence, and why. */
  readonly proof: (analysis: Analysis) => Proof
}

/** The checks, each with the causes that fail it and the evidence that passes it. */
const RULES: readonly Rule[] = [
  {
    id: 'connections',
    title: 'Every client reaches the hub, without connection failures',
    essential: true,
    everyHub: false,
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
    everyHub: false,
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
    everyHub: true,
    causes: [],
    proof: endToEndProof,
  },
  {
    id: 'hub',
    title: 'The hub is healthy',
    essential: true,
    everyHub: true,
    causes: [
      'hub-error',
      'hub-restarted',
      'hub-stalled',
      'probe-failing',
      'slow',
      'unexplained-errors',
    ],
    proof: hubProof,
  },
  {
    id: 'database',
    title: 'The hub’s database answers',
    essential: true,
    everyHub: true,
    causes: ['database-failing', 'database-slow'],
    proof: (analysis) =>
      serviceProof(
        analysis,
        'database',
        'statement',
        'no statement and no readiness probe of the hub, and no database log',
      ),
  },
  {
    id: 'broker',
    title: 'The broker works',
    essential: true,
    everyHub: true,
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
        'no broker log, and no line of the hub about its broker',
      ),
  },
  {
    id: 'behaviour',
    title: 'Every client polls at a sensible rhythm, one instance each',
    essential: false,
    everyHub: true,
    causes: ['two-instances', 'hammering', 'unlisted-client', 'clock-skew'],
    proof: rhythmProof,
  },
  {
    id: 'probes',
    title: 'Health probes pass',
    essential: false,
    everyHub: true,
    causes: ['probe-failing'],
    proof: probeProof,
  },
  {
    id: 'tasks',
    title: 'Tasks are answered in time',
    essential: false,
    everyHub: true,
    causes: ['task-not-answered', 'task-offered-again', 'task-answered-late'],
    proof: taskProof,
  },
  {
    id: 'task-results',
    title: 'Tasks are answered with results, not with errors',
    essential: false,
    everyHub: true,
    causes: ['task-not-answerable', 'answer-rejected', 'cdm-failing'],
    proof: taskProof,
  },
  {
    id: 'submission',
    title: 'Results are submitted to the upstream',
    essential: false,
    everyHub: true,
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
    everyHub: true,
    causes: ['log-gap', 'source-ended-early', 'unreadable-lines'],
    proof: coverageProof,
  },
]

/** Passed needs evidence and no finding, failed needs a finding; everything else is unknown. */
export function checklist(analysis: Analysis): CheckDraft[] {
  return RULES.filter((rule) => applies(rule, analysis)).map((rule) => check(rule, analysis))
}

/** A hub that queues in its database has no broker. */
function applies(rule: Rule, { topology, network }: Analysis): boolean {
  return (
    rule.id !== 'broker' ||
    network.hubs.length === 0 ||
    topology.links.some(({ kind }) => kind === 'broker')
  )
}

function check(rule: Rule, analysis: Analysis): CheckDraft {
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
      number: countWord(findings.length, 'finding'),
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

/** What was seen to work, of every hub there is: those with a log, and those that clients poll without one. */
function proofOf(rule: Rule, analysis: Analysis): Proof {
  const { network, topology } = analysis
  const whole = rule.proof(analysis)
  if (!rule.everyHub || network.hubs.length === 0 || !whole.seen) return whole
  const [dark] = unseenHubs(topology)
  if (dark !== undefined) return unseen(`no log of a hub that clients poll (${dark.name})`)
  if (network.hubs.length === 1) return whole
  for (const hub of network.hubs) {
    const own = ofHub(analysis, hub)
    const proof = applies(rule, own) ? rule.proof(own) : whole
    if (!proof.seen) return { ...proof, why: `${hub.name}: ${proof.why}` }
  }
  return whole
}

/** All that is known of one hub and those who poll it. */
function ofHub(analysis: Analysis, hub: Hub): Analysis {
  const { network, topology } = analysis
  return {
    ...analysis,
    network: {
      ...network,
      hubs: [hub],
      links: network.links.filter((link) => link.hub === hub),
    },
    topology: { ...topology, links: topology.links.filter((link) => link.hub === hub) },
  }
}
