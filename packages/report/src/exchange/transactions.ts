import type { Confidence } from '../document/report-document.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { Moment } from '../facts/moment-comb.ts'
import { SECOND } from '../read/timestamps.ts'
import { moved } from '../timeline/placed-account.ts'
import type { Network, Told } from './network.ts'
import type { NetLink, Side, Topology } from './topology.ts'

export type Leg = Side | 'cdm'

/** One step, quoted on the common time line; without a line where no source shows it. */
export interface StepDraft {
  readonly leg: Leg
  readonly title: string
  readonly line: RawEvidence | undefined
  readonly missing?: string
}

export interface TransactionDraft {
  readonly kind: 'poll' | 'task'
  readonly title: string
  readonly link: NetLink | undefined
  readonly matchedBy: 'request-id' | 'task-id' | 'time' | 'one-source'
  readonly certainty: Confidence
  readonly steps: readonly StepDraft[]
  readonly status: number
  /** As the hub measured it, ms; NaN if it did not. */
  readonly hubMs: number
}

interface Placed {
  moment: Moment
  /** On the common time line. */
  time: number
  shift: number
}

/** A poll that can be followed through as many programs as possible; undefined if no source shows one whole. */
export function followPoll(network: Network, topology: Topology): TransactionDraft | undefined {
  const links = topology.links.filter(({ kind }) => kind === 'poll')
  let best: { draft: TransactionDraft; score: number } | undefined
  for (const link of links) {
    for (const draft of candidates(network, link)) {
      const score =
        draft.steps.filter(({ line }) => line !== undefined).length * 10 +
        (draft.status === 204 ? 1 : 0)
      if (best === undefined || score > best.score) best = { draft, score }
    }
  }
  return best?.draft
}

function* candidates(network: Network, link: NetLink): Generator<TransactionDraft> {
  const clientMoments = momentsOfClient(link)
  const hubMoments = momentsOfHub(link)
  const broker = network.brokers.flatMap((told) => placedMoments(told, told.facts.moments.moments))
  const balancer = momentsOfBalancer(network, link)
  const has = {
    client: (link.poll?.logs.length ?? 0) > 0,
    balancer: network.balancers.length > 0,
    hub: (link.poll?.hubClients.length ?? 0) > 0,
    broker: network.brokers.length > 0,
  }
  const byId = new Map(
    hubMoments
      .filter(({ moment }) => moment.requestId !== '')
      .map((placed) => [placed.moment.requestId, placed]),
  )
  let given = 0
  for (const client of clientMoments) {
    const exact = byId.get(client.moment.requestId)
    const hub = exact ?? near(hubMoments, client.time, 1_500)
    if (hub === undefined) continue
    yield assemble(
      link,
      client,
      hub,
      broker,
      balancer,
      has,
      exact === undefined ? 'time' : 'request-id',
    )
    if (++given >= 12) return
  }
  for (const hub of hubMoments.slice(0, 12)) {
    yield assemble(link, undefined, hub, broker, balancer, has, 'one-source')
  }
  for (const client of hubMoments.length === 0 ? clientMoments.slice(0, 4) : []) {
    yield assemble(link, client, undefined, broker, balancer, has, 'one-source')
  }
}

function assemble(
  link: NetLink,
  client: Placed | undefined,
  hub: Placed | undefined,
  brokers: readonly Placed[],
  balancers: readonly Placed[],
  has: { client: boolean; balancer: boolean; hub: boolean; broker: boolean },
  matchedBy: TransactionDraft['matchedBy'],
): TransactionDraft {
  const reference = hub ?? client
  const time = reference?.time ?? Number.NaN
  const ms = hub?.moment.durationMs ?? Number.NaN
  const broker =
    hub === undefined ? undefined : near(brokers, time - (ms || 0) / 2, 1_100 + (ms || 0) / 2)
  const balancer = near(balancers, time, 1_500)
  const line = (placed: Placed | undefined, step: string): RawEvidence | undefined => {
    const found = placed?.moment.lines.find((one) => one.step === step)
    return found === undefined || placed === undefined
      ? undefined
      : moved(found.evidence, placed.shift)
  }
  const statements = (hub?.moment.lines ?? [])
    .filter(({ step }) => step === 'statement')
    .map(({ evidence }) => moved(evidence, hub?.shift ?? 0))
  const steps: StepDraft[] = [
    step(
      'client',
      `${link.from.name} asks for its next task`,
      line(client, 'sent'),
      has.client,
      `no log of ${link.from.name} shows this poll`,
    ),
    ...(has.balancer || balancer !== undefined
      ? [
          step(
            'balancer',
            'the balancer passes the request on',
            line(balancer, 'passed'),
            has.balancer,
            'the balancer’s log does not show this poll',
          ),
        ]
      : []),
    ...(statements.length > 0
      ? statements.map((one, index) =>
          step(
            'database',
            index === 0 ? 'the hub looks the user up in its database' : 'and the collection',
            one,
            true,
            '',
          ),
        )
      : [
          step(
            'database',
            'the hub looks the user up in its database',
            undefined,
            false,
            'no statement is written for this poll',
          ),
        ]),
    step(
      'hub',
      'the hub has checked the credentials',
      line(hub, 'credentials'),
      has.hub,
      'the hub does not write it at this level',
    ),
    ...(broker === undefined
      ? [
          step(
            'broker',
            'the hub looks into the queue',
            undefined,
            false,
            has.broker
              ? 'the broker’s log shows no connection for this poll'
              : 'no broker log was given',
          ),
        ]
      : [
          step(
            'broker',
            'the broker accepts a connection of the hub',
            line(broker, 'accepted'),
            true,
            '',
          ),
          step(
            'broker',
            'the broker has checked the hub’s credentials',
            line(broker, 'authenticated'),
            true,
            '',
          ),
          step('broker', 'the connection is closed again', line(broker, 'closed'), true, ''),
        ]),
    step(
      'hub',
      `the hub answers ${hub?.moment.status ?? ''}`.trim(),
      line(hub, 'responded'),
      has.hub,
      'no hub log shows this poll',
    ),
    step(
      'client',
      `${link.from.name} reads the answer`,
      line(client, 'answered'),
      has.client,
      `no log of ${link.from.name} shows it`,
    ),
  ]
  const at = Number.isNaN(time) ? '' : ` at ${new Date(time).toISOString().slice(11, 19)}`
  return {
    kind: 'poll',
    title: `One poll of ${link.from.name}${at}`,
    link,
    matchedBy,
    certainty: matchedBy === 'request-id' ? 'certain' : matchedBy === 'time' ? 'likely' : 'certain',
    steps,
    status: reference?.moment.status ?? 0,
    hubMs: ms,
  }
}

function step(
  leg: Leg,
  title: string,
  line: RawEvidence | undefined,
  _has: boolean,
  missing: string,
): StepDraft {
  return line === undefined ? { leg, title, line, missing } : { leg, title, line }
}

function placedMoments(told: Told, moments: readonly Moment[]): Placed[] {
  const { shift } = told
  return moments
    .map((moment) => ({ moment, time: moment.time + shift, shift }))
    .toSorted((a, b) => a.time - b.time)
}

function momentsOfClient(link: NetLink): Placed[] {
  return (link.poll?.logs ?? []).flatMap(({ told }) =>
    placedMoments(told, told.facts.moments.moments),
  )
}

function momentsOfHub(link: NetLink): Placed[] {
  return (link.poll?.hubClients ?? []).flatMap(({ client, told }) =>
    placedMoments(
      told,
      told.facts.moments.moments.filter((moment) => moment.client === client.key),
    ),
  )
}

function momentsOfBalancer(network: Network, link: NetLink): Placed[] {
  const collections = new Set(
    (link.poll?.hubClients ?? []).flatMap(({ client }) => [...client.collections]),
  )
  return network.balancers.flatMap((told) =>
    placedMoments(
      told,
      told.facts.moments.moments.filter(({ client }) => collections.has(client.toLowerCase())),
    ),
  )
}

function near(moments: readonly Placed[], time: number, reach: number): Placed | undefined {
  let best: Placed | undefined
  for (const one of moments) {
    const distance = Math.abs(one.time - time)
    if (distance <= reach && (best === undefined || distance < Math.abs(best.time - time)))
      best = one
  }
  return best
}

const TASK_TITLES: ReadonlyMap<string, string> = new Map([
  ['received', 'the hub receives the task from the upstream'],
  ['handed-out', 'the hub hands the task out'],
  ['client received', 'the client takes the task'],
  ['solved', 'the client has solved it'],
  ['posted', 'the client has posted its answer'],
  ['answered', 'the hub stores the answer'],
  ['late', 'an answer comes too late'],
  ['expired', 'the task reaches its deadline'],
  ['settled', 'the hub has all answers'],
  ['submitting', 'the hub submits the result'],
  ['submission-failed', 'the upstream does not take it'],
  ['submitted', 'the upstream has taken the result'],
  ['abandoned', 'the result is given up'],
])

/** A task that can be followed from its arrival, the most complete one; undefined if the window has none. */
export function followTask(network: Network, topology: Topology): TransactionDraft | undefined {
  let best: TransactionDraft | undefined
  for (const hub of network.hubs) {
    for (const told of hub.told) {
      const records = told.facts.tasks.records.slice(0, 40)
      for (const record of records) {
        const draft = taskOf(network, topology, told, record)
        if (draft !== undefined && (best === undefined || draft.steps.length > best.steps.length))
          best = draft
      }
    }
  }
  return best
}

function taskOf(
  network: Network,
  topology: Topology,
  hub: Network['hubs'][number]['told'][number],
  record: Network['hubs'][number]['told'][number]['facts']['tasks']['records'][number],
): TransactionDraft | undefined {
  const { shift } = hub
  const own = record.steps.map(({ step: name, evidence, node, subtask }) => ({
    name: name as string,
    leg: legOf(name),
    line: moved(evidence, shift),
    node,
    subtask,
  }))
  const first = own[0]?.line.time
  const last = own.at(-1)?.line.time
  if (first === undefined || last === undefined || own.length < 2) return undefined
  const within = (time: number, margin: number): boolean =>
    time >= first - margin && time <= last + margin
  const subtasks = new Set(own.map(({ subtask }) => subtask).filter((id) => id !== ''))
  const more: { name: string; leg: Leg; line: RawEvidence }[] = []
  let matchedBy: TransactionDraft['matchedBy'] = subtasks.size > 0 ? 'task-id' : 'one-source'
  if (!own.some(({ name }) => name === 'handed-out')) {
    for (const { client, told } of network.links.flatMap(({ hubClients }) => hubClients)) {
      if (told !== hub) continue
      for (const { step: name, evidence } of client.taskLines) {
        const line = moved(evidence, shift)
        if (within(line.time, 2 * SECOND)) more.push({ name, leg: 'hub', line })
      }
    }
  }
  for (const { told } of network.links.flatMap(({ logs }) => logs)) {
    const clientShift = told.shift
    for (const task of told.facts.tasks.records) {
      const exact = subtasks.has(task.id)
      if (!exact && subtasks.size > 0) continue
      for (const { step: name, evidence } of task.steps) {
        const line = moved(evidence, clientShift)
        if (!exact && !within(line.time, 2 * SECOND)) continue
        if (!exact) matchedBy = 'time'
        more.push({ name: name === 'received' ? 'client received' : name, leg: 'client', line })
      }
    }
  }
  const steps = [...own, ...more]
    .toSorted((a, b) => a.line.time - b.line.time)
    .slice(0, 16)
    .map(({ name, leg, line }) => step(leg, TASK_TITLES.get(name) ?? name, line, true, ''))
  return {
    kind: 'task',
    title: `One task from arrival to ${own.some(({ name }) => name === 'submitted') ? 'submission' : (own.at(-1)?.name ?? 'end')}`,
    link: topology.links.find(({ kind }) => kind === 'upstream'),
    matchedBy,
    certainty: matchedBy === 'time' ? 'likely' : 'certain',
    steps,
    status: 0,
    hubMs: last - first,
  }
}

function legOf(step: string): Leg {
  return step === 'received' || step === 'submitted' || step === 'submission-failed'
    ? 'upstream'
    : 'hub'
}
