import type { Confidence } from '../document/report-document.ts'
import type { RelayFacts } from '../facts/facts.ts'
import type { TaskRecord } from '../facts/task-ledger.ts'
import { compareText } from '../read/input-files.ts'
import type { Relay, Network, ProgramLog } from './network.ts'
import { branchesOf, hasPartIds, placed } from './task-branches.ts'
import type { Branch } from './task-branches.ts'
import { inOrderOfLife, missingStep } from './task-steps.ts'
import type { LifeStep, PartOf, PlacedStep } from './task-steps.ts'
import type { Topology } from './topology.ts'
import { isComplete, resolutionOf } from './transaction.ts'
import type { RawTransaction } from './transaction.ts'

/** Tasks of a relay's log that are looked at, and steps that are shown of one. */
const MOST_TRIED = 40
const MOST_STEPS = 16

/** The task that can be followed best from its arrival; undefined if the window has none. */
export function followTask(network: Network, topology: Topology): RawTransaction | undefined {
  let best: { draft: RawTransaction; rank: number } | undefined
  for (const relay of network.relays) {
    for (const log of relay.logs) {
      for (const record of log.facts.tasks.records.slice(0, MOST_TRIED)) {
        if (record.steps.length < 2) continue
        const draft = tell(network, topology, relay, log, record)
        const rank = rankOf(draft)
        if (best === undefined || rank > best.rank) best = { draft, rank }
      }
    }
  }
  return best?.draft
}

/** Complete ones first, then those that are certain, then those with the most lines. */
function rankOf(draft: RawTransaction): number {
  const lines = draft.steps.filter(({ line }) => line !== undefined).length
  return lines + (isComplete(draft) ? 1_000 : 0) + (draft.certainty === 'certain' ? 100 : 0)
}

function tell(
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
    (a, b) => b.steps.length - a.steps.length || compareText(a.part.name, b.part.name),
  )
  const branches = fitting(all, MOST_STEPS - whole.length)
  const steps = [
    ...whole,
    ...branches.flatMap((branch) => branch.steps),
    ...lackingSteps(record, branches[0]),
  ]
  const times = own.flatMap(({ draft }) => draft.line?.time ?? [])
  return {
    kind: 'task',
    title: `One task from arrival to ${endOf(record)}`,
    link: topology.links.find((link) => link.kind === 'upstream' && link.relay === relay),
    matchedBy: matchedBy(steps, branches),
    certainty: branches.map(({ certainty }) => certainty).reduce(lesser, 'certain'),
    steps: inOrderOfLife(steps).map(({ draft }) => draft),
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
  const sources = new Set(steps.flatMap(({ draft }) => draft.line?.source ?? []))
  return branches.length > 0 || sources.size > 1 ? 'task-id' : 'one-source'
}

const CONFIDENCE: readonly Confidence[] = ['certain', 'likely', 'possible']

function lesser(a: Confidence, b: Confidence): Confidence {
  return CONFIDENCE.indexOf(a) > CONFIDENCE.indexOf(b) ? a : b
}

function howFound(record: TaskRecord, branches: readonly Branch[]): string[] {
  const byTime = branches.filter(({ by }) => by === 'time')
  if (byTime.length === 0) return []
  return hasPartIds(record)
    ? [
        `Those of the relay have the ids of the task; what ${byTime.map(({ part }) => part.name).join(' and ')} took at that time was nothing else.`,
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
  const lack = (life: LifeStep, why: string, part?: PartOf): void =>
    void lacking.push(missingStep(life, part, why))
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
  const { part } = branch
  const lives = new Set(branch.steps.map(({ life }) => life))
  if (!lives.has('handed-out')) lack('handed-out', 'no line shows it', part)
  if (!lives.has('taken')) lack('taken', whyNotTaken(branch), part)
  else if (!lives.has('posted') && !lives.has('receipt'))
    lack('posted', `the log of ${part.name} does not show it`, part)
  if (!lives.has('answered') && !lives.has('late') && !seen.has('expired'))
    lack('answered', 'no line shows it', part)
  return lacking
}

function whyNotTaken({ link, part: { name } }: Branch): string {
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
    .map((step) => ({ ...step, draft: { ...step.draft, resolutionMs: Number.POSITIVE_INFINITY } }))
}
