import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isJsonObject } from '@warren/task-api'
import { chaosTask } from './chaos-task.ts'
import type { FaultName, Requirement } from './fault-kinds.ts'
import { acceptedSubmission, type FaultPeriod, RunHistory, type TaskHistory } from './history.ts'
import { inject } from './inject.ts'
import { judge, type Verdict } from './judge.ts'
import { type ChaosNetwork, SILENT_AFTER_MS, startChaosNetwork } from './network.ts'
import { hitsSame, type Plan, planRun, type PlannedFault, type PlannedTask } from './plan.ts'
import { canMount, mountSmallDisk, type SmallDisk } from './small-disk.ts'

export interface ChaosOptions {
  readonly seed: number
  readonly tasks: number
  readonly minutes: number
  readonly store: 'postgres' | 'sqlite'
  readonly queue: 'database' | 'rabbitmq'
  readonly only?: readonly FaultName[]
  readonly signal: AbortSignal
  readonly onStep: (text: string) => void
  readonly onProgress: (accepted: number) => void
}

export interface JudgedTask {
  readonly history: TaskHistory
  readonly verdict: Verdict
}

export interface ChaosReport {
  readonly plan: Plan
  readonly tasks: readonly JudgedTask[]
  readonly faults: readonly FaultPeriod[]
  readonly incidents: readonly string[]
  /** Faults that this machine cannot have, and why. */
  readonly skipped: readonly string[]
  readonly durationMs: number
  /** From asking to the accepted result, ms, sorted. */
  readonly latenciesMs: readonly number[]
  readonly logFolder: string
}

const DISK_MB = 64
const DISK_KB_PER_TASK = 40
// Repeated submissions that no fault explains show up within this time.
const LINGER_MS = 4_000
// Without progress, and in addition to the deadline of a task: a claim that expires, and the longest pause between two attempts.
const MAX_IDLE_MS = 150_000
// A busy machine needs longer than the time in which the questions were asked.
const MAX_DRAIN_SHARE = 2
const CHECK_MS = 3_000
// A relay may hold a task this long before it can store it.
const MAX_HOLD_MS = 60_000

/** Plans a run, plays it on a new network, and judges every task. Removes everything but the logs, and these too if it is stopped. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const started = performance.now()
  await using resources = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'warren-chaos-'))
  const logFolder = `${folder}-logs`
  resources.defer(() => rm(folder, { recursive: true, force: true }))
  resources.defer(async () => {
    // Nobody reads the logs of a run that was stopped.
    if (options.signal.aborted) await rm(logFolder, { recursive: true, force: true })
  })
  const mounts = await canMount()
  const diskMb = DISK_MB + Math.ceil((options.tasks * DISK_KB_PER_TASK) / 1_024)
  const disk = mounts ? resources.use(await mountSmallDisk(folder, diskMb)) : undefined

  const shape = shapeOf(options, disk)
  const plan = planRun({ ...shape, ...options, lengthMs: options.minutes * 60_000 })
  const history = new RunHistory(plan.tasks)
  const incidents: string[] = []
  options.onStep('starting the network')
  const network = resources.use(
    await startChaosNetwork({
      ...shape,
      seed: options.seed,
      store: options.store,
      queue: options.queue,
      folder,
      logFolder,
      disk,
      history,
      onIncident: (text) => incidents.push(text),
    }),
  )
  options.onStep('asking')
  const offsetMs = history.now
  await play(plan, { network, history, offsetMs, incidents, ...options })
  options.onStep('waiting for the last results')
  await drain(network, history, Math.max(...Object.values(shape.deadlineMs)), options)
  await readFinalStates(network, history, incidents)
  await readUnseenHandOuts(network, history, incidents)

  const context = {
    nodes: shape.nodes,
    faults: history.faults,
    truth: (node: string, { task }: TaskHistory) => network.truthOf(node, task),
    silentAfterMs: SILENT_AFTER_MS,
    lastContact: (node: string, beforeMs: number) => history.contacts.last(node, beforeMs),
    deadlineMs: ({ task: { kind } }: TaskHistory) =>
      shape.deadlineMs[kind === 'availability' ? 'availability' : 'distribution'],
  }
  const tasks = history.tasks.map((task) => ({ history: task, verdict: judge(task, context) }))
  await writeHistory(logFolder, tasks, history.faults, incidents)
  return {
    plan,
    tasks,
    faults: history.faults,
    incidents,
    skipped: mounts ? [] : ['database full: needs root on Linux'],
    durationMs: performance.now() - started,
    latenciesMs: latencies(history),
    logFolder,
  }
}

function shapeOf({ store, queue, minutes }: ChaosOptions, disk: SmallDisk | undefined) {
  const scripted = ['node-1', 'node-2', 'node-3', 'node-4']
  const bunnies = minutes > 2 ? ['bunny-1', 'bunny-2'] : ['bunny-1']
  // An SQLite file belongs to one relay.
  const relays = store === 'postgres' ? ['relay-1', 'relay-2'] : ['relay-1']
  const has: Requirement[] = [store]
  if (queue === 'rabbitmq') has.push('rabbitmq')
  if (disk !== undefined) has.push('mount')
  if (relays.length > 1) has.push('two relays')
  const deadlineMs =
    minutes > 2
      ? { availability: 40_000, distribution: 60_000 }
      : { availability: 15_000, distribution: 20_000 }
  return { relays, nodes: [...scripted, ...bunnies], bunnies, has, deadlineMs }
}

interface Playing {
  readonly network: ChaosNetwork
  readonly history: RunHistory
  readonly offsetMs: number
  readonly incidents: string[]
  readonly signal: AbortSignal
  readonly onProgress: (accepted: number) => void
}

/** Asks every question and makes every fault happen at its time. Resolves when the last fault is over. */
async function play(plan: Plan, playing: Playing): Promise<void> {
  const { history, offsetMs, signal, onProgress } = playing
  const events = [
    ...plan.tasks.map((task) => ({ atMs: task.atMs, run: () => ask(task, playing) })),
    ...plan.faults.map((fault) => ({ atMs: fault.atMs, run: () => happen(fault, playing) })),
  ].toSorted((a, b) => a.atMs - b.atMs)
  const running = new Set<Promise<void>>()
  for (const event of events) {
    const waitMs = offsetMs + event.atMs - history.now
    if (waitMs > 0) await delay(waitMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) break
    const done = event.run().finally(() => running.delete(done))
    running.add(done)
    onProgress(history.accepted)
  }
  await Promise.all(running)
  signal.throwIfAborted()
}

async function ask(task: PlannedTask, { network, history, incidents }: Playing): Promise<void> {
  const { upstream, login } = network.upstreams[task.manner]
  try {
    await upstream.ask({ ...chaosTask(task), collection: login.collectionId })
    const known = history.find(task.uuid)
    if (known !== undefined) known.askedAtMs = history.now
  } catch (error: unknown) {
    incidents.push(`the upstream rejected the question ${task.uuid}: ${String(error)}`)
  }
}

async function happen(fault: PlannedFault, { network, history, incidents }: Playing) {
  const { name, relay, manner, node } = fault
  // The one before takes longer than planned: RabbitMQ needs seconds to start.
  if (history.faults.some((other) => other.toMs === undefined && hitsSame(other, fault))) return
  const period: FaultPeriod = {
    name,
    fromMs: history.now,
    ...(relay === undefined ? {} : { relay }),
    ...(manner === undefined ? {} : { manner }),
    ...(node === undefined ? {} : { node }),
  }
  history.faults.push(period)
  try {
    await inject(fault, network)
  } catch (error: unknown) {
    incidents.push(`the fault "${name}" did not work: ${String(error)}`)
  }
  period.toMs = history.now
}

/** Waits until the upstreams have every result, or no more can come. */
async function drain(
  network: ChaosNetwork,
  history: RunHistory,
  deadlineMs: number,
  { signal, onProgress, tasks, minutes }: ChaosOptions,
): Promise<void> {
  const idleMs = deadlineMs + MAX_IDLE_MS
  const untilMs = history.now + idleMs + MAX_DRAIN_SHARE * minutes * 60_000
  let checkAtMs = history.now + CHECK_MS
  let progress = { steps: history.steps, atMs: history.now }
  while (history.accepted < tasks && history.now < Math.min(untilMs, progress.atMs + idleMs)) {
    await delay(200, undefined, { signal })
    onProgress(history.accepted)
    if (history.steps > progress.steps) progress = { steps: history.steps, atMs: history.now }
    if (history.now < checkAtMs) continue
    checkAtMs = history.now + CHECK_MS
    if (await isOver(network, history)) break
  }
  await delay(LINGER_MS, undefined, { signal })
}

/** Whether no relay has a task to answer or a result to submit, and no upstream has a task to hand out. */
async function isOver({ database }: ChaosNetwork, history: RunHistory): Promise<boolean> {
  const states = await database.finalStates().catch(() => undefined)
  if (states === undefined) return false
  const stateOf = new Map(states.map(({ uuid, state }) => [uuid, state]))
  return history.tasks
    .filter((task) => acceptedSubmission(task) === undefined)
    .every(({ task: { uuid, manner }, handOuts }) => {
      const state = stateOf.get(uuid)
      if (state !== undefined) return state === 'delivered' || state === 'dead'
      const handedOutAtMs = handOuts[0]?.atMs ?? Number.POSITIVE_INFINITY
      return manner === 'once' && handedOutAtMs + MAX_HOLD_MS < history.now
    })
}

async function readFinalStates(
  { database }: ChaosNetwork,
  history: RunHistory,
  incidents: string[],
): Promise<void> {
  try {
    for (const { uuid, state, cause } of await database.finalStates()) {
      const task = history.find(uuid)
      if (task === undefined) continue
      task.state = state
      if (cause !== null) task.cause = cause
    }
  } catch (error: unknown) {
    incidents.push(`cannot read the final states: ${String(error)}`)
  }
}

/** Asks the upstreams about tasks whose hand-out the gateway did not see. */
async function readUnseenHandOuts(
  { upstreams }: ChaosNetwork,
  history: RunHistory,
  incidents: string[],
): Promise<void> {
  for (const task of history.tasks) {
    if (task.askedAtMs === undefined || task.handOuts.length > 0) continue
    const { uuid, manner } = task.task
    try {
      const url = `${upstreams[manner].upstream.url}/api/v1/questions/${uuid}`
      const body: unknown = await (await fetch(url, { signal: AbortSignal.timeout(5_000) })).json()
      task.wasHandedOut = isJsonObject(body) && Number(body['attempts']) > 0
    } catch (error: unknown) {
      incidents.push(`cannot read the question ${uuid} from its upstream: ${String(error)}`)
    }
  }
}

function latencies(history: RunHistory): readonly number[] {
  return history.tasks
    .flatMap((task) => {
      const acceptedAtMs = acceptedSubmission(task)?.acceptedAtMs
      return acceptedAtMs === undefined || task.askedAtMs === undefined
        ? []
        : [acceptedAtMs - task.askedAtMs]
    })
    .toSorted((a, b) => a - b)
}

async function writeHistory(
  folder: string,
  tasks: readonly JudgedTask[],
  faults: readonly FaultPeriod[],
  incidents: readonly string[],
): Promise<void> {
  const lines = [
    ...incidents.map((incident) => ({ incident })),
    ...faults.map((fault) => ({ fault })),
    ...tasks.map(({ history, verdict }) => ({ verdict, ...history })),
  ]
  await writeFile(
    join(folder, 'history.jsonl'),
    lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  )
}
