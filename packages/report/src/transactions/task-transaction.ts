import type { Confidence } from '../vocabulary/judgement.ts'
import type { RelayFacts } from '../facts/facts.ts'
import type { TaskRecord } from '../facts/task-ledger.ts'
import { compareText } from '../read/input-files.ts'
import type { Relay, Network, ProgramLog } from '../network/network.ts'
import { branchesOf, hasSubtaskIds, placed } from './task-branches.ts'
import type { Branch } from './task-branches.ts'
import { sortByCause, missingStep } from './task-steps.ts'
import type { LifeStep, ClientShare, PlacedStep } from './task-steps.ts'
import type { Topology } from '../network/topology.ts'
import { isComplete, resolutionOf } from './transaction.ts'
import type { RawTransaction } from './transaction.ts'

/** Tasks per relay log that are tried, and steps that are shown of one task. */
const MAX_CANDIDATES = 40
const MAX_STEPS = 16

/** The task that can be followed best from its arrival; undefined if the time range contains none. */
export function followTask(network: Network, topology: Topology): RawTransaction | undefined {
  let best: { transaction: RawTransaction; rank: number } | undefined
  for (const relay of network.relays) {
    for (const log of relay.logs) {
      for (const record of log.facts.tasks.records.slice(0, MAX_CANDIDATES)) {
        if (record.steps.length < 2) continue
        const transaction = describeTask(network, topology, relay, log, record)
        const rank = rankOf(transaction)
        if (best === undefined || rank > best.rank) best = { transaction, rank }
      }
    }
  }
  return best?.transaction
}

/** Complete tasks first, then certain ones, then those with the most lines. */
function rankOf(transaction: RawTransaction): number {
  const lines = transaction.steps.filter(({ line }) => line !== undefined).length
  return (
    lines + (isComplete(transaction) ? 1_000 : 0) + (transaction.confidence === 'certain' ? 100 : 0)
  )
}

function describeTask(
  network: Network,
  topology: Topology,
  relay: Relay,
  log: ProgramLog<RelayFacts>,
  record: TaskRecord,
): RawTransaction {
  const own = record.steps
    .filter(({ subtask }) => subtask === '')
    .flatMap(({ step, evidence }) => placed(step, evidence, log))
  const whole = [...own, ...network.upstreams.flatMap((log) => upstreamSteps(log, record.id))]
  const all = branchesOf(network, log, record).toSorted(
    (a, b) => b.steps.length - a.steps.length || compareText(a.share.name, b.share.name),
  )
  const branches = fitting(all, MAX_STEPS - whole.length)
  const steps = [
    ...whole,
    ...branches.flatMap((branch) => branch.steps),
    ...missingSteps(record, branches[0]),
  ]
  const times = own.flatMap(({ step }) => step.line?.time ?? [])
  return {
    kind: 'task',
    title: `One task from arrival to ${endOf(record)}`,
    link: topology.links.find((link) => link.kind === 'upstream' && link.relay === relay),
    matchedBy: matchedBy(steps, branches),
    confidence: branches.map(({ confidence }) => confidence).reduce(lesser, 'certain'),
    steps: sortByCause(steps).map(({ step }) => step),
    tookMs: Math.max(...times) - Math.min(...times),
    measuredBy: 'relay',
    resolutionMs: resolutionOf(log),
    remarks: [...matchRemarks(record, branches), ...omittedRemark(all.length - branches.length)],
  }
}

function endOf({ seen }: TaskRecord): string {
  if (seen.has('submitted')) return 'submission'
  return seen.has('abandoned') ? 'the end of its submission' : 'its last known step'
}

function matchedBy(
  steps: readonly PlacedStep[],
  branches: readonly Branch[],
): RawTransaction['matchedBy'] {
  if (branches.some(({ by }) => by === 'time')) return 'time'
  const sources = new Set(steps.flatMap(({ step }) => step.line?.source ?? []))
  return branches.length > 0 || sources.size > 1 ? 'task-id' : 'one-source'
}

const CONFIDENCE: readonly Confidence[] = ['certain', 'likely', 'possible']

function lesser(a: Confidence, b: Confidence): Confidence {
  return CONFIDENCE.indexOf(a) > CONFIDENCE.indexOf(b) ? a : b
}

function matchRemarks(record: TaskRecord, branches: readonly Branch[]): string[] {
  const byTime = branches.filter(({ by }) => by === 'time')
  if (byTime.length === 0) return []
  return hasSubtaskIds(record)
    ? [
        `Relay lines matched by task ID. ${byTime.map(({ share }) => share.name).join(' and ')} received no other task at that time.`,
      ]
    : ['No other task was open, so requests at that time belong to this one.']
}

function omittedRemark(clients: number): string[] {
  if (clients === 0) return []
  return [`The steps of ${clients} more ${clients === 1 ? 'client' : 'clients'} are not shown.`]
}

/** As many complete branches as fit, but at least one. */
function fitting(branches: readonly Branch[], limit: number): Branch[] {
  const taken: Branch[] = []
  let left = limit
  for (const branch of branches) {
    left -= branch.steps.length
    if (left < 0 && taken.length > 0) break
    taken.push(branch)
  }
  return taken
}

/** Steps that a program logs but no line shows; of the clients, only for the one with the most lines. */
function missingSteps({ seen }: TaskRecord, branch: Branch | undefined): PlacedStep[] {
  const missing: PlacedStep[] = []
  const addMissing = (life: LifeStep, why: string, share?: ClientShare): void =>
    void missing.push(missingStep(life, share, why))
  if (!seen.has('received'))
    addMissing('received', 'no line shows it: the task arrived before the log begins')
  if (!seen.has('abandoned')) {
    if (!seen.has('submitting')) addMissing('submitting', 'no line shows it')
    if (!seen.has('submitted')) addMissing('submitted', 'no line shows it')
  }
  if (branch === undefined) {
    addMissing('handed-out', 'no request can be matched to this task')
    if (!seen.has('expired')) addMissing('answered', 'no request can be matched to this task')
    return missing
  }
  const { share } = branch
  const lifeSteps = new Set(branch.steps.map(({ life }) => life))
  if (!lifeSteps.has('handed-out')) addMissing('handed-out', 'no line shows it', share)
  if (!lifeSteps.has('taken')) addMissing('taken', missingReason(branch), share)
  else if (!lifeSteps.has('posted') && !lifeSteps.has('receipt'))
    addMissing('posted', `the log of ${share.name} does not contain it`, share)
  if (!lifeSteps.has('answered') && !lifeSteps.has('late') && !seen.has('expired'))
    addMissing('answered', 'no line shows it', share)
  return missing
}

function missingReason({ link, share: { name } }: Branch): string {
  return (link?.logs.length ?? 0) === 0
    ? `there is no log of ${name}`
    : `no task in the log of ${name} can be matched to this one`
}

/** The upstream's clock cannot be compared with the relay's: its lines are placed by their order, without a time. */
function upstreamSteps(log: ProgramLog, id: string): PlacedStep[] {
  if (log.facts.role !== 'upstream') return []
  const task = log.facts.tasks.records.find((one) => one.id === id)
  return (task?.steps ?? [])
    .flatMap(({ step, evidence }) => placed(step, evidence, log))
    .map((step) => ({ ...step, step: { ...step.step, resolutionMs: Number.POSITIVE_INFINITY } }))
}
