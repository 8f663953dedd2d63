import type { Confidence } from '../vocabulary/judgement.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { RelayClient, RelayFacts } from '../facts/facts.ts'
import type { TaskRecord, TaskStep } from '../facts/task-ledger.ts'
import type { Network, PollLink, ProgramLog } from '../network/network.ts'
import { handOutsOf, openAlone, taskReceivedAt } from './task-match.ts'
import { lifeStepOf, titleOf } from './task-steps.ts'
import type { ClientShare, PlacedStep } from './task-steps.ts'
import { shown } from './transaction.ts'

/** One client's share of a task. */
export interface Branch {
  readonly link: PollLink | undefined
  readonly share: ClientShare
  readonly steps: PlacedStep[]
  /** How the client's own lines were matched. */
  by: 'task-id' | 'time'
  confidence: Confidence
}

/** What every client did for a task: by subtask ID, or by time if the relay logs no subtask IDs and the match is unambiguous. */
export function branchesOf(
  network: Network,
  log: ProgramLog<RelayFacts>,
  record: TaskRecord,
): Branch[] {
  return hasSubtaskIds(record)
    ? branchesById(network, log, record)
    : branchesByTime(network, log, record)
}

export function hasSubtaskIds({ steps }: TaskRecord): boolean {
  return steps.some(({ subtask }) => subtask !== '')
}

function branchesById(network: Network, log: ProgramLog<RelayFacts>, record: TaskRecord): Branch[] {
  const bySubtask = Map.groupBy(
    record.steps.filter(({ subtask }) => subtask !== ''),
    ({ subtask }) => subtask,
  )
  const logs = network.links.flatMap((link) => link.logs)
  return [...bySubtask].map(([subtask, steps]): Branch => {
    const link = network.links.find(({ name, relayClients }) =>
      relayClients.some((one) => one.log === log && isNode(steps[0]?.node ?? '', name, one.client)),
    )
    const share = { key: subtask, name: link?.name ?? 'the client' }
    const branch: Branch = { link, share, by: 'task-id', confidence: 'certain', steps: [] }
    for (const { step, evidence } of steps) branch.steps.push(...placed(step, evidence, log, share))
    const exact = logs.flatMap((clientLog) =>
      clientLog.log.facts.tasks.records
        .filter(({ id }) => id === subtask)
        .flatMap((task) => clientSteps(task, share, clientLog.log)),
    )
    if (exact.length > 0) branch.steps.push(...exact)
    else if (link !== undefined) addClientSteps(branch, link, log)
    return branch
  })
}

/** A relay logs a client's collection ID until it has logged the name for it. */
function isNode(node: string, name: string, { collections }: RelayClient): boolean {
  return node === name || collections.has(node.toLowerCase())
}

/** The .NET relay's requests name the client but not the task: they belong to this task if no other was open. */
function branchesByTime(
  network: Network,
  log: ProgramLog<RelayFacts>,
  record: TaskRecord,
): Branch[] {
  const open = openAlone(network, log, record)
  if (open === undefined) return []
  return network.links.flatMap((link): Branch[] => {
    const lines = handOutsOf(link, log, open)
    if (lines === undefined) return []
    const share = { key: link.name, name: link.name }
    const branch: Branch = { link, share, by: 'time', confidence: 'likely', steps: [] }
    for (const { step, evidence } of lines) branch.steps.push(...placed(step, evidence, log, share))
    addClientSteps(branch, link, log)
    return [branch]
  })
}

/** The client's own lines if its log has no task IDs: the only task it received when this one was handed out to it. */
function addClientSteps(branch: Branch, link: PollLink, log: ProgramLog<RelayFacts>): void {
  const [handedOut, ...more] = branch.steps.filter(({ life }) => life === 'handed-out')
  const line = handedOut?.step.line
  if (line === undefined || more.length > 0) return
  const taken = taskReceivedAt(link, log, line.time)
  if (taken === undefined) return
  branch.by = 'time'
  branch.confidence = taken.confidence
  branch.steps.push(...clientSteps(taken.task, branch.share, taken.log, taken.shift))
}

function clientSteps(
  { steps, seen }: TaskRecord,
  share: ClientShare,
  log: ProgramLog,
  shift = log.shift,
): PlacedStep[] {
  return steps
    .filter(({ step }) => step !== 'solved' || !seen.has('not-answerable'))
    .flatMap(({ step, evidence }) => placed(step, evidence, log, share, shift))
}

/** A recorded step as a step in the life of the task; empty if it adds nothing. */
export function placed(
  step: TaskStep,
  evidence: RawEvidence,
  log: ProgramLog,
  share?: ClientShare,
  shift = log.shift,
): PlacedStep[] {
  const life = lifeStepOf(log.facts, step)
  return life === undefined
    ? []
    : [{ life, share, step: shown(...titleOf(life, share), evidence, log, shift) }]
}
