import { serializeResult, errorResult, type TaskResult } from '@warren/task-api'
import { describe, expect, it } from 'vitest'
import type { FaultPeriod, Submission, TaskHistory } from '../../chaos/history.ts'
import { judge, type JudgeContext } from '../../chaos/judge.ts'
import type { PlannedTask } from '../../chaos/plan.ts'
import { resultOf, sumOf, trueAnswer, type Truth } from '../../chaos/truth.ts'

const NODES = ['node-1', 'node-2', 'node-3']
const UUID = '3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a11'
const ADDRESS = { uuid: UUID, collection: 'relay' }
const DEADLINE_MS = 10_000

function context(faults: readonly FaultPeriod[] = []): JudgeContext {
  return {
    nodes: NODES,
    faults,
    truth: (node, { task }) => trueAnswer(1, NODES.indexOf(node), task),
    deadlineMs: () => DEADLINE_MS,
    silentAfterMs: 120_000,
    lastContact: (_, beforeMs) => beforeMs,
  }
}

/** A task that was asked at 1 s and handed out at 2 s. */
function historyOf(
  more: Partial<TaskHistory> & { planned?: Partial<PlannedTask> } = {},
): TaskHistory {
  const { planned, ...rest } = more
  return {
    task: {
      atMs: 1_000,
      uuid: UUID,
      manner: 'leasing',
      kind: 'availability',
      number: 1,
      ...planned,
    },
    askedAtMs: 1_000,
    handOuts: [{ atMs: 2_000, relay: 'relay-1' }],
    submissions: [],
    events: [{ atMs: 2_010, relay: 'relay-1', event: 'task admitted' }],
    confirmed: [],
    state: 'delivered',
    ...rest,
  }
}

function truths(kind: PlannedTask['kind'] = 'availability') {
  return NODES.map((_, index) => trueAnswer(1, index, { kind, number: 1 }) ?? new Map())
}

/** The combined result of the first `nodes` nodes. */
function combined(nodes: number, kind: PlannedTask['kind'] = 'availability'): TaskResult {
  const result = resultOf(ADDRESS, kind, sumOf(truths(kind).slice(0, nodes)))
  return { ...result, message: `answered by ${nodes} of 3 nodes` }
}

function submitted(result: TaskResult, atMs = 3_000, relay = 'relay-1'): Submission {
  return {
    atMs,
    relay,
    text: serializeResult(result),
    acceptedAtMs: atMs + 5,
    respondedAtMs: atMs + 6,
    status: 201,
  }
}

function outcomeOf(history: TaskHistory, faults: readonly FaultPeriod[] = []) {
  return judge(history, context(faults)).outcome
}

describe('the judge of a chaos run', () => {
  it.each(['availability', 'generic', 'demographics'] as const)(
    'calls the sum of all nodes exact: %s',
    (kind) => {
      const submissions = [submitted(combined(3, kind))]
      expect(outcomeOf(historyOf({ submissions, planned: { kind } }))).toBe('exact')
    },
  )

  it('calls a result exact that leaves out only a node that cannot answer', () => {
    const without: JudgeContext = {
      ...context(),
      truth: (node, { task }): Truth =>
        node === 'node-3' ? null : trueAnswer(1, NODES.indexOf(node), task),
    }
    const verdict = judge(historyOf({ submissions: [submitted(combined(2))] }), without)
    expect(verdict.outcome).toBe('exact')
  })

  it('calls a result partial that says how many nodes answered by the deadline', () => {
    const submissions = [submitted(combined(2), 2_000 + DEADLINE_MS)]
    expect(outcomeOf(historyOf({ submissions }))).toBe('partial')
    const none = [submitted(errorResult(ADDRESS, 'no valid answer from 3 nodes'), 13_000)]
    expect(outcomeOf(historyOf({ submissions: none }))).toBe('partial')
  })

  it('calls a result late that an upstream with the usual deadline would no longer use', () => {
    const submissions = [submitted(combined(3), 2_000 + DEADLINE_MS + 60_001)]
    expect(outcomeOf(historyOf({ submissions }))).toBe('late')
  })

  it.each([
    [
      'a count that no set of nodes has',
      { ...combined(3), queryResult: { count: 7, datasetCount: 0, files: [] } },
      3_000,
    ],
    [
      'a coverage that is not that of the figures',
      { ...combined(2), message: 'answered by 3 of 3 nodes' },
      13_000,
    ],
    [
      'a number of nodes that were not asked',
      { ...combined(3), message: 'answered by 3 of 4 nodes' },
      3_000,
    ],
    ['no coverage', { ...combined(3), message: '' }, 3_000],
    ['a partial result before the deadline', combined(2), 5_000],
    ['an error before the deadline', errorResult(ADDRESS, 'no valid answer from 3 nodes'), 5_000],
  ])('calls wrong: %s', (_, result, atMs) => {
    expect(outcomeOf(historyOf({ submissions: [submitted(result, atMs)] }))).toBe('wrong')
  })

  it('calls partial before the deadline: a result without nodes that no relay had answered for two minutes', () => {
    const history = historyOf({
      handOuts: [{ atMs: 200_000, relay: 'relay-1' }],
      submissions: [submitted(combined(2), 206_000)],
    })
    const seenAt = (silentNode: number): JudgeContext => ({
      ...context(),
      lastContact: (node, beforeMs) => (node === 'node-3' ? silentNode : beforeMs),
    })
    expect(judge(history, seenAt(60_000))).toMatchObject({
      outcome: 'partial',
      detail: 'answered by 2 of 3 nodes: the others were silent',
    })
    expect(judge(history, seenAt(150_000))).toMatchObject({
      outcome: 'wrong',
      detail: expect.stringContaining('without node-3') as unknown,
    })
  })

  it('calls wrong: a row that is missing, and files that cannot be read', () => {
    const full = combined(3, 'generic')
    const fewer = combined(2, 'generic')
    const result = { ...fewer, message: full.message }
    const planned = { kind: 'generic' } as const
    expect(outcomeOf(historyOf({ submissions: [submitted(result)], planned }))).toBe('wrong')
    const broken = { ...submitted(full), text: '<html>' }
    expect(outcomeOf(historyOf({ submissions: [broken], planned }))).toBe('wrong')
  })

  it('calls wrong: a partial result without a result that a relay had confirmed', () => {
    const history = historyOf({
      submissions: [submitted(combined(2), 13_000)],
      confirmed: [{ atMs: 4_000, node: 'node-3' }],
    })
    expect(judge(history, context())).toMatchObject({
      outcome: 'wrong',
      detail: 'answered by 2 of 3 nodes, without the confirmed result of node-3',
    })
  })

  it('calls wrong: two different results', () => {
    const submissions = [submitted(combined(3)), submitted(combined(2), 14_000)]
    expect(outcomeOf(historyOf({ submissions }))).toBe('wrong')
  })

  it('calls a submission twice after the upstream has acknowledged the first', () => {
    const submissions = [submitted(combined(3)), submitted(combined(3), 9_000, 'relay-2')]
    expect(judge(historyOf({ submissions }), context())).toMatchObject({
      outcome: 'twice',
      explainedRepeats: 0,
    })
    // A fault at another time or place explains nothing.
    const faults: FaultPeriod[] = [
      { name: 'relay kill', relay: 'relay-1', fromMs: 20_000, toMs: 21_000 },
      { name: 'relay kill', relay: 'relay-2', fromMs: 3_000, toMs: 4_000 },
      { name: 'upstream cut', relay: 'relay-1', manner: 'once', fromMs: 3_000, toMs: 3_000 },
      { name: 'clock skew', relay: 'relay-1', fromMs: 0, toMs: 30_000 },
      { name: 'node cut', node: 'node-1', fromMs: 3_000, toMs: 3_000 },
    ]
    expect(outcomeOf(historyOf({ submissions }), faults)).toBe('twice')
  })

  it.each<[string, FaultPeriod]>([
    ['a kill', { name: 'relay kill', relay: 'relay-1', fromMs: 3_100, toMs: 5_000 }],
    [
      'a cut',
      { name: 'upstream cut', relay: 'relay-1', manner: 'leasing', fromMs: 3_003, toMs: 3_003 },
    ],
    ['a database that cannot store it', { name: 'database read-only', fromMs: 2_000, toMs: 8_000 }],
  ])('explains a repeated submission by %s', (_, fault) => {
    const submissions = [submitted(combined(3)), submitted(combined(3), 9_000)]
    expect(judge(historyOf({ submissions }), context([fault]))).toMatchObject({
      outcome: 'exact',
      explainedRepeats: 1,
    })
  })

  it('explains a repeated submission by a task that the upstream sent again', () => {
    const submissions = [submitted(combined(3)), submitted(combined(3), 9_000)]
    const events = [{ atMs: 8_900, relay: 'relay-1', event: 'task redelivered' }]
    expect(outcomeOf(historyOf({ submissions, events }))).toBe('exact')
  })

  it('calls a task stuck that is still open, or that no relay polled', () => {
    expect(outcomeOf(historyOf({ state: 'open' }))).toBe('stuck')
    expect(outcomeOf(historyOf({ state: 'settled' }))).toBe('stuck')
    expect(outcomeOf(historyOf({ handOuts: [], events: [] }))).toBe('stuck')
  })

  it('calls a task lost that a relay has read and no longer submits', () => {
    expect(outcomeOf(historyOf({ state: 'dead' }))).toBe('lost')
    expect(outcomeOf(historyOf({ state: 'delivered' }))).toBe('lost')
    const rejected = { ...submitted(combined(3)), status: 500 }
    delete rejected.acceptedAtMs
    expect(outcomeOf(historyOf({ submissions: [rejected], state: 'dead' }))).toBe('lost')
  })

  it('calls a task lost by the upstream only if a fault hit its only hand-out', () => {
    const history = historyOf({ planned: { manner: 'once' }, events: [] })
    delete history.state
    const cut: FaultPeriod = {
      name: 'upstream cut',
      relay: 'relay-1',
      manner: 'once',
      fromMs: 2_001,
      toMs: 2_001,
    }
    expect(outcomeOf(history, [cut])).toBe('lost by the upstream')
    expect(outcomeOf(history)).toBe('lost')
    expect(outcomeOf(history, [{ ...cut, fromMs: 9_000, toMs: 9_000 }])).toBe('lost')
    const read = { ...history, events: [{ atMs: 2_010, relay: 'relay-1', event: 'task received' }] }
    expect(outcomeOf(read, [cut])).toBe('lost')
  })

  it('calls a task lost by the upstream if kill -9 hit the relay between its only hand-out and its storage', () => {
    const events = [{ atMs: 2_010, relay: 'relay-1', event: 'task received' }]
    const history = historyOf({ planned: { manner: 'once' }, events })
    delete history.state
    const kill: FaultPeriod = { name: 'relay kill', relay: 'relay-1', fromMs: 2_100, toMs: 4_000 }
    expect(outcomeOf(history, [kill])).toBe('lost by the upstream')
    // Until then, the relay should have stored it, if need be in a file.
    expect(outcomeOf(history, [{ ...kill, fromMs: 2_600 }])).toBe('lost')
    expect(outcomeOf({ ...history, state: 'delivered' }, [kill])).toBe('lost')
  })
})

describe('a task of which the gateway saw no hand-out', () => {
  const unseen = { handOuts: [], events: [], submissions: [] }

  it('is stuck if its upstream still has it', () => {
    const { state: _, ...history } = historyOf({ ...unseen, planned: { manner: 'once' } })
    expect(outcomeOf(history)).toBe('stuck')
    expect(outcomeOf({ ...history, wasHandedOut: false })).toBe('stuck')
  })

  it('is lost by an upstream that hands out once, and stuck with one that leases', () => {
    for (const [manner, outcome] of [
      ['once', 'lost by the upstream'],
      ['leasing', 'stuck'],
    ] as const) {
      const { state: _, ...history } = historyOf({ ...unseen, planned: { manner } })
      expect(outcomeOf({ ...history, wasHandedOut: true })).toBe(outcome)
    }
  })
})
