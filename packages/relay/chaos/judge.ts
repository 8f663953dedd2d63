import { parseResult, type TaskResult } from '@warren/task-api'
import {
  acceptedSubmission,
  type FaultPeriod,
  type Submission,
  type TaskHistory,
} from './history.ts'
import { FAULT_KINDS } from './fault-kinds.ts'
import { type Figures, figuresOf, sameFigures, sumOf, type Truth } from './truth.ts'

export const OUTCOMES = [
  'exact',
  'partial',
  'late',
  'lost by the upstream',
  'lost',
  'twice',
  'wrong',
  'stuck',
] as const
export type Outcome = (typeof OUTCOMES)[number]

/** The outcomes that a relay must never cause. */
export const FAILURES: readonly Outcome[] = ['lost', 'twice', 'wrong', 'stuck']

export interface Verdict {
  readonly outcome: Outcome
  /** What is known about it. Empty for an exact result. */
  readonly detail: string
  /** Submissions after the first accepted one that a fault explains. */
  readonly explainedRepeats: number
}

export interface JudgeContext {
  /** Every node, in a fixed order. */
  readonly nodes: readonly string[]
  /** What a node answers to the task. */
  readonly truth: (node: string, history: TaskHistory) => Truth
  readonly faults: readonly FaultPeriod[]
  /** How long a relay collects results, ms. */
  readonly deadlineMs: (history: TaskHistory) => number
  /** A relay does not wait for a node that it has not answered for this long, ms. */
  readonly silentAfterMs: number
  /** When a relay answered a node last, before `beforeMs`. */
  readonly lastContact: (node: string, beforeMs: number) => number | undefined
}

// A relay and this process see the same event at slightly different times, more so on a busy machine.
const TOLERANCE_MS = 1_500
// A relay needs this long at most to store a task that it has just read. Nothing protects a task from kill -9 before that.
const STORE_MS = 500
// By default, the deadline of an upstream is a minute after that of a relay.
const UPSTREAM_MARGIN_MS = 60_000
// A relay records an accepted submission after the response. A fault in this time hides the acknowledgement from it.
const RECORD_MS = 2_500
// A relay stores every few seconds when it has answered nodes, and an answer that was held back on its way comes later here.
const SILENCE_TOLERANCE_MS = 20_000

/** Compares what the upstream has of a task with the truth. */
export function judge(history: TaskHistory, context: JudgeContext): Verdict {
  const accepted = acceptedSubmission(history)
  const repeats = repeatedSubmissions(history, context)
  const verdict = (outcome: Outcome, detail = ''): Verdict => ({
    outcome,
    detail,
    explainedRepeats: repeats.explained,
  })
  if (accepted === undefined) return verdict(...missing(history, context))
  const [outcome, detail] = judgeResult(accepted, history, context)
  if (outcome === 'wrong') return verdict(outcome, detail)
  const different = history.submissions.find(({ text }) => !sameResult(text, accepted.text))
  if (different !== undefined) return verdict('wrong', 'two different results were submitted')
  if (repeats.unexplained !== undefined) return verdict('twice', repeats.unexplained)
  const tookMs = accepted.atMs - (history.handOuts[0]?.atMs ?? accepted.atMs)
  if (tookMs > context.deadlineMs(history) + UPSTREAM_MARGIN_MS) {
    return verdict('late', `${outcome}, accepted ${tookMs} ms after the first hand-out`)
  }
  return verdict(outcome, detail)
}

type Judgement = readonly [outcome: Outcome, detail?: string]

function missing(history: TaskHistory, context: JudgeContext): Judgement {
  const { handOuts, events, task, state, cause } = history
  if (history.askedAtMs === undefined) return ['stuck', 'the upstream rejected the question']
  if (handOuts.length === 0) {
    return task.manner === 'once' && history.wasHandedOut === true
      ? ['lost by the upstream', 'handed out once, to a poll whose relay had disconnected']
      : ['stuck', 'no relay polled it']
  }
  if (state === 'open' || state === 'settled') {
    return ['stuck', `still ${state} at the end${cause === undefined ? '' : `: ${cause}`}`]
  }
  const read = events.length > 0 || state !== undefined
  const [handOut] = handOuts
  if (task.manner === 'once' && state === undefined && handOut !== undefined) {
    const killed = context.faults.find(
      (fault) =>
        fault.name === 'relay kill' &&
        fault.relay === handOut.relay &&
        fault.fromMs >= handOut.atMs &&
        fault.fromMs <= handOut.atMs + STORE_MS,
    )
    if (killed !== undefined) {
      const afterMs = killed.fromMs - handOut.atMs
      return ['lost by the upstream', `the relay was killed ${afterMs} ms after the only hand-out`]
    }
  }
  if (read) return ['lost', `state ${state ?? 'none'}${cause === undefined ? '' : `: ${cause}`}`]
  if (task.manner === 'leasing') return ['stuck', 'handed out, but no relay has it']
  const explained = context.faults.some(
    (fault) =>
      handOut !== undefined &&
      hitsExchange(fault, history, handOut.relay) &&
      during(fault, handOut.atMs - TOLERANCE_MS, handOut.atMs + TOLERANCE_MS),
  )
  return explained
    ? ['lost by the upstream', 'handed out once, into a connection or relay that was failing']
    : ['lost', 'handed out to a healthy relay, which never logged it']
}

function judgeResult(accepted: Submission, history: TaskHistory, context: JudgeContext): Judgement {
  const result = readResult(accepted.text)
  if (result === null) return ['wrong', 'the result cannot be read']
  const figures = figuresOf(history.task.kind, result)
  if (figures === 'unreadable') return ['wrong', 'the files of the result cannot be read']
  const able = context.nodes.flatMap((node) => {
    const truth = context.truth(node, history)
    return truth === null ? [] : [{ node, truth }]
  })
  const said = /answered by (\d+) of (\d+) node/.exec(result.message ?? '')
  const saidNodes = said === null ? undefined : Number(said[1])
  const included = figures === null ? [] : nodesIn(figures, able, saidNodes)
  if (included === null) return ['wrong', `no set of nodes has ${describeFigures(figures)}`]
  if (figures !== null && said === null) return ['wrong', 'the message does not state the coverage']
  if (saidNodes !== undefined && saidNodes !== included.length) {
    return ['wrong', `"${result.message}", but the figures are of ${included.length} nodes`]
  }
  if (said !== null && Number(said[2]) !== context.nodes.length) {
    return ['wrong', `"${result.message}", but ${context.nodes.length} nodes were asked`]
  }
  if (included.length === able.length) return ['exact']
  return judgePartial(accepted, included, history, context)
}

function judgePartial(
  accepted: Submission,
  included: readonly string[],
  history: TaskHistory,
  context: JudgeContext,
): Judgement {
  const detail = `answered by ${included.length} of ${context.nodes.length} nodes`
  const settledAtMs = history.events.find(({ event }) => event === 'task settled')?.atMs
  const dropped = history.confirmed.find(
    ({ node, atMs }) =>
      !included.includes(node) &&
      context.truth(node, history) !== null &&
      atMs < (settledAtMs ?? accepted.atMs),
  )
  if (dropped !== undefined) {
    return ['wrong', `${detail}, without the confirmed result of ${dropped.node}`]
  }
  const askedAtMs = history.handOuts[0]?.atMs ?? accepted.atMs
  const tookMs = accepted.atMs - askedAtMs
  if (tookMs < context.deadlineMs(history) - TOLERANCE_MS) {
    const awaited = context.nodes.find(
      (node) =>
        !included.includes(node) &&
        context.truth(node, history) !== null &&
        !isSilent(node, settledAtMs ?? accepted.atMs, context),
    )
    if (awaited === undefined) return ['partial', `${detail}: the others were silent`]
    return ['wrong', `${detail} after ${tookMs} ms, before the deadline, without ${awaited}`]
  }
  return ['partial', detail]
}

function isSilent(
  node: string,
  atMs: number,
  { lastContact, silentAfterMs }: JudgeContext,
): boolean {
  const contactAtMs = lastContact(node, atMs) ?? 0
  return atMs - contactAtMs > silentAfterMs - SILENCE_TOLERANCE_MS
}

/** The nodes whose answers add up to `figures`, `saidNodes` of them if possible. Null if there are none. */
function nodesIn(
  figures: Figures,
  able: readonly { node: string; truth: Figures }[],
  saidNodes: number | undefined,
): readonly string[] | null {
  const all = 2 ** able.length - 1
  let found: readonly string[] | null = null
  // Most results are complete, and the full set has the highest number.
  for (let set = all; set > 0; set -= 1) {
    const chosen = able.filter((_, index) => (set & (1 << index)) !== 0)
    if (sameFigures(figures, sumOf(chosen.map(({ truth }) => truth)))) {
      found ??= chosen.map(({ node }) => node)
      // A node that answers 0 leaves the sum as it is.
      if (chosen.length === saidNodes) return chosen.map(({ node }) => node)
      if (saidNodes === undefined) return found
    }
  }
  return found
}

/** Submissions after the upstream had accepted one: how many a fault explains, and the first that none does. */
function repeatedSubmissions(
  history: TaskHistory,
  context: JudgeContext,
): { explained: number; unexplained?: string } {
  let explained = 0
  let unexplained: string | undefined
  for (const [index, repeat] of history.submissions.entries()) {
    const earlier = history.submissions.slice(0, index).filter((one) => isAccepted(one))
    if (earlier.length === 0) continue
    if (earlier.every((one) => isHidden(one, repeat, history, context))) explained += 1
    else {
      unexplained ??=
        `${repeat.relay} submitted it again after ${repeat.atMs - (earlier[0]?.atMs ?? 0)} ms ` +
        `(first: ${earlier[0]?.relay})`
    }
  }
  return { explained, ...(unexplained === undefined ? {} : { unexplained }) }
}

function isAccepted({ acceptedAtMs }: Submission): boolean {
  return acceptedAtMs !== undefined
}

/** Whether something explains that the relays did not know at `repeat` that the upstream had accepted `first`. */
function isHidden(
  first: Submission,
  repeat: Submission,
  history: TaskHistory,
  { faults }: JudgeContext,
): boolean {
  // The relay was told that the upstream had failed.
  if (first.status !== undefined && (first.status >= 500 || first.status === 429)) return true
  const endMs = first.respondedAtMs ?? repeat.atMs
  // The upstream sent the task again, and gets the stored result again.
  const redelivered = history.events.some(
    ({ event, atMs }) =>
      event === 'task redelivered' &&
      atMs > endMs - TOLERANCE_MS &&
      atMs <= repeat.atMs + TOLERANCE_MS,
  )
  if (redelivered) return true
  return faults.some(
    (fault) =>
      (hitsExchange(fault, history, first.relay) || hitsDatabase(fault, first.relay)) &&
      during(fault, first.atMs - TOLERANCE_MS, endMs + RECORD_MS),
  )
}

/** Whether the fault hits requests of the relay to the upstream of the task. */
function hitsExchange(fault: FaultPeriod, { task }: TaskHistory, relay: string): boolean {
  const { scope } = FAULT_KINDS[fault.name]
  if (fault.name === 'clock skew') return false
  if (scope === 'relay') return fault.relay === relay
  return (
    scope === 'upstream' &&
    fault.manner === task.manner &&
    (fault.relay === undefined || fault.relay === relay)
  )
}

function hitsDatabase(fault: FaultPeriod, relay: string): boolean {
  if (FAULT_KINDS[fault.name].scope !== 'database') return false
  return fault.relay === undefined || fault.relay === relay
}

function during({ fromMs, toMs }: FaultPeriod, startMs: number, endMs: number): boolean {
  return fromMs <= endMs && (toMs ?? Number.POSITIVE_INFINITY) >= startMs
}

function readResult(text: string): TaskResult | null {
  try {
    return parseResult(JSON.parse(text))
  } catch {
    return null
  }
}

function sameResult(a: string, b: string): boolean {
  if (a === b) return true
  const [one, other] = [readResult(a), readResult(b)]
  return JSON.stringify(one) === JSON.stringify(other)
}

function describeFigures(figures: Truth): string {
  if (figures === null) return 'no figures'
  const people = figures.get('')
  return people === undefined ? `these ${figures.size} rows` : `the count ${people}`
}
