import type { Confidence } from '../document/report-document.ts'
import type { RelayFacts } from '../facts/facts.ts'
import type { TaskRecord } from '../facts/task-ledger.ts'
import { compareText } from '../read/input-files.ts'
import type { Relay, Network, ProgramLog } from './network.ts'
import { branchesOf, hasSubtaskIds, placed } from './task-branches.ts'
import type { Branch } from './task-branches.ts'
import { inOrderOfLife, missingStep } from './task-steps.ts'
import type { LifeStep, ClientShare, PlacedStep } from './task-steps.ts'
import type { Topology } from './topology.ts'
import { isComplete, resolutionOf } from './transaction.ts'
import type { RawTransaction } from './transaction.ts'

/** Tasks of a relay's log that are looked at, and steps that are shown of one. */
const MAX_CANDIDATES = 40
const MAX_STEPS = 16

/** The task that can be followed best from its arrival; undefined if the window has none. */
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

/** Complete ones first, then those that are certain, then those with the most lines. */
function rankOf(transaction: RawTransaction): number {
  const lines = transaction.steps.filter(({ line }) => line !== undefined).length
  return (
    lines + (isComplete(transaction) ? 1_000 : 0) + (transaction.certainty === 'certain' ? 100 : 0)
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
    ...lackingSteps(record, branches[0]),
  ]
  const times = own.flatMap(({ step }) => step.line?.time ?? [])
  return {
    kind: 'task',
    title: `One task from arrival to ${endOf(record)}`,
    link: topology.links.find((link) => link.kind === 'upstream' && link.relay === relay),
    matchedBy: matchedBy(steps, branches),
    certainty: branches.map(({ certainty }) => certainty).reduce(lesser, 'certain'),
    steps: inOrderOfLife(steps).map(({ step }) => step),
    tookMs: Math.max(...times) - Math.min(...times),
    measuredBy: 'relay',
    resolutionMs: resolutionOf(log),
    remarks: [...howFound(record, branches), ...leftOut(all.length - branches.length)],
  }
}

function endOf({ seen }: TaskRecord): string {
  if (seen.has('submitted')) return 'submission'
  return seen.has('abandoned') ? 'giving up' : 'the last that is known of it'
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

function howFound(record: TaskRecord, branches: readonly Branch[]): string[] {
  const byTime = branches.filter(({ by }) => by === 'time')
  if (byTime.length === 0) return []
  return hasSubtaskIds(record)
    ? [
        `Those of the relay have the ids of the task; what ${byTime.map(({ share }) => share.name).join(' and ')} took at that time was nothing else.`,
      ]
    : ['No other task was open, so the requests of that time were for it.']
}

function leftOut(clients: number): string[] {
  if (clients === 0) return []
  return [`The parts of ${clients} more ${clients === 1 ? 'client' : 'clients'} are left out.`]
}

/** As many whole parts as there is room for, but one at least. */
function fitting(branches: readonly Branch[], room: number): Branch[] {
  const taken: Branch[] = []
  let left = room
  for (const branch of branches) {
    left -= branch.steps.length
    if (left < 0 && taken.length > 0) break
    taken.push(branch)
  }
  return taken
}

/** Steps that a program writes and that no line shows; of the clients, for the one told most of. */
function lackingSteps({ seen }: TaskRecord, branch: Branch | undefined): PlacedStep[] {
  const lacking: PlacedStep[] = []
  const lack = (life: LifeStep, why: string, share?: ClientShare): void =>
    void lacking.push(missingStep(life, share, why))
  if (!seen.has('received')) lack('received', 'no line shows it: it came before the log begins')
  if (!seen.has('abandoned')) {
    if (!seen.has('submitting')) lack('submitting', 'no line shows it')
    if (!seen.has('submitted')) lack('submitted', 'no line shows it')
  }
  if (branch === undefined) {
    lack('handed-out', 'no request is surely for this task')
    if (!seen.has('expired')) lack('answered', 'no request is surely for this task')
    return lacking
  }
  const { share } = branch
  const lives = new Set(branch.steps.map(({ life }) => life))
  if (!lives.has('handed-out')) lack('handed-out', 'no line shows it', share)
  if (!lives.has('taken')) lack('taken', missingReason(branch), share)
  else if (!lives.has('posted') && !lives.has('receipt'))
    lack('posted', `the log of ${share.name} does not show it`, share)
  if (!lives.has('answered') && !lives.has('late') && !seen.has('expired'))
    lack('answered', 'no line shows it', share)
  return lacking
}

function missingReason({ link, share: { name } }: Branch): string {
  return (link?.logs.length ?? 0) === 0
    ? `no log of ${name} was given`
    : `no task in the log of ${name} is surely this one`
}

/** Nothing compares the clock of an upstream with the relay's: its lines stand where they belong, without a time of their own. */
function upstreamSteps(log: ProgramLog, id: string): PlacedStep[] {
  if (log.facts.role !== 'upstream') return []
  const task = log.facts.tasks.records.find((one) => one.id === id)
  return (task?.steps ?? [])
    .flatMap(({ step, evidence }) => placed(step, evidence, log))
    .map((step) => ({ ...step, step: { ...step.step, resolutionMs: Number.POSITIVE_INFINITY } }))
}
