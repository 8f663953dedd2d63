import type { BalancerEvent, BrokerEvent, ClientEvent, HubEvent } from './journal.ts'
import { MINUTE } from './world.ts'
import type { History, Outcome, World, WorldClient } from './world.ts'

const API = '/link_connector_api'
const BACKOFFS = [5_000, 10_000, 20_000, 40_000, 60_000]
const DEADLINE_MS = 4 * MINUTE

interface OpenTask {
  taskId: string
  at: number
  waiting: Map<string, string>
  answered: number
  solveMs: World['tasks'][number]['solveMs']
  closed: boolean
}

/** Lets the world run and writes down what every program goes through. */
export function runWorld(world: World): History {
  const run = new Run(world)
  for (const client of world.clients) run.client(client)
  run.tasks()
  run.background()
  return run.history()
}

class Run {
  readonly #world: World
  readonly #clients = new Map<WorldClient, ClientEvent[]>()
  readonly #hub: HubEvent[] = []
  readonly #broker: BrokerEvent[] = []
  readonly #balancer: BalancerEvent[] = []
  readonly #tasks: OpenTask[]

  constructor(world: World) {
    this.#world = world
    this.#tasks = world.tasks.map(({ at, solveMs }) => ({
      taskId: world.random.uuid(),
      at,
      waiting: new Map(
        world.clients
          .filter(({ twinOf }) => twinOf === undefined)
          .map(({ collection }) => [collection, world.random.uuid()]),
      ),
      answered: 0,
      solveMs,
      closed: false,
    }))
  }

  history(): History {
    const { extra } = this.#world
    const clients = new Map(
      [...this.#clients].map(([client, events]) => [
        client,
        sorted([...events, ...(extra.client.get(client.name) ?? [])]),
      ]),
    )
    return {
      world: this.#world,
      clients,
      hub: sorted([...this.#hub, ...extra.hub]).filter(({ at }) =>
        this.#world.hubUp(at - this.#world.start),
      ),
      broker: sorted([...this.#broker, ...extra.broker]),
      balancer: sorted(this.#balancer),
    }
  }

  client(client: WorldClient): void {
    const { world } = { world: this.#world }
    const journal: ClientEvent[] = []
    this.#clients.set(client, journal)
    let at = client.from
    let failures = 0
    while (at < Math.min(client.to, world.lengthMs)) {
      const { ms, ok, task } = this.#poll(client, journal, at)
      at += ms
      if (ok) failures = 0
      else if (client.backsOff) at += BACKOFFS[Math.min(failures++, BACKOFFS.length - 1)] ?? 0
      if (task !== undefined) {
        const spent = this.#solve(client, journal, at, task)
        if (spent === 'never') at += 20_000
        else at += spent
      }
      at += client.intervalMs
    }
  }

  /** One poll: how long it took, whether it worked, and the task it brought. */
  #poll(
    client: WorldClient,
    journal: ClientEvent[],
    at: number,
  ): { ms: number; ok: boolean; task?: OpenTask } {
    const { start, random } = this.#world
    const requestId = random.uuid()
    const sentAt = start + at
    journal.push({ at: sentAt, what: 'sent', requestId })
    const path = `${API}/task/nextjob/${client.collection}`
    const outcome = this.#world.outcome(client, at) ?? (this.#world.hubUp(at) ? undefined : DOWN)
    if (outcome?.kind === 'network' && outcome.reachesHub !== true) {
      journal.push({
        at: sentAt + outcome.ms,
        what: 'failed',
        requestId,
        failure: outcome.failure,
        ms: outcome.ms,
        posting: false,
      })
      return { ms: outcome.ms, ok: false }
    }
    if (outcome?.kind === 'balancer') {
      this.#balancer.push({
        at: sentAt + outcome.ms,
        client: client.address,
        path,
        method: 'GET',
        elb: outcome.status,
        target: undefined,
        ms: outcome.ms,
      })
      journal.push({
        at: sentAt + outcome.ms + 8,
        what: 'failed',
        requestId,
        failure: outcome.status,
        ms: outcome.ms + 8,
        posting: false,
      })
      return { ms: outcome.ms + 8, ok: false }
    }
    const way = random.between(6, 14)
    const hubAt = sentAt + way
    const { status, ms, task } = this.#atHub(client, hubAt, requestId, path, outcome)
    const total = way * 2 + ms
    if (outcome?.kind === 'network') {
      journal.push({
        at: sentAt + outcome.ms,
        what: 'failed',
        requestId,
        failure: outcome.failure,
        ms: outcome.ms,
        posting: false,
      })
      return { ms: outcome.ms, ok: false }
    }
    this.#balancer.push({
      at: hubAt + ms,
      client: client.address,
      path,
      method: 'GET',
      elb: status,
      target: status,
      ms,
    })
    if (status >= 400) {
      journal.push({
        at: sentAt + total,
        what: 'failed',
        requestId,
        failure: status,
        ms: total,
        posting: false,
      })
      return { ms: total, ok: false }
    }
    journal.push({ at: sentAt + total, what: 'answered', requestId, status, ms: total })
    return task === undefined ? { ms: total, ok: true } : { ms: total, ok: true, task }
  }

  #atHub(
    client: WorldClient,
    at: number,
    requestId: string,
    path: string,
    outcome: Outcome,
  ): { status: number; ms: number; task?: OpenTask } {
    const { start, random } = this.#world
    const since = at - start
    const first = this.#world.statementMs(since)
    const second = this.#world.statementMs(since)
    const login = outcome?.kind === 'login' ? outcome : undefined
    const failing = outcome?.kind === 'hub' && outcome.exception === 'database'
    let ms = this.#world.hubMs(since) + first + second
    if (login?.reason !== 'missing') {
      this.#hub.push({ at: at + 2 + first, what: 'statement', ms: first, failed: failing })
      if (!failing)
        this.#hub.push({
          at: at + 4 + first + second,
          what: 'statement',
          ms: second,
          failed: false,
        })
    }
    const loggedAt = at + 6 + first + second
    if (login !== undefined) {
      ms = login.reason === 'missing' ? 3 : 95 + random.next() * 20
      const name = login.reason === 'missing' ? '' : (login.as ?? client.name)
      this.#hub.push({
        at: loggedAt,
        what: 'refused',
        client: name,
        collection: client.collection,
        reason: login.reason,
        requestId,
        path,
      })
      this.#hub.push({
        at: at + ms + first + second,
        what: 'request',
        method: 'GET',
        path,
        status: 401,
        ms: ms + first + second,
        client: '',
        collection: client.collection,
        requestId,
      })
      return { status: 401, ms: ms + first + second }
    }
    if (!failing)
      this.#hub.push({ at: loggedAt, what: 'validated', client: client.name, requestId })
    if (outcome?.kind === 'hub') {
      const request = {
        at: at + ms,
        what: 'request' as const,
        method: 'GET',
        path,
        status: outcome.status,
        ms,
        client: client.name,
        collection: client.collection,
        requestId,
      }
      this.#hub.push(
        outcome.exception === undefined ? request : { ...request, exception: outcome.exception },
      )
      return { status: outcome.status, ms }
    }
    this.#broker.push({
      at: loggedAt + 20,
      what: 'connection',
      user: 'relay',
      ms: random.between(30, 60),
    })
    const task = this.#tasks.find(
      (open) => start + open.at <= at && !open.closed && open.waiting.has(client.collection),
    )
    const status = task === undefined ? 204 : 200
    this.#hub.push({
      at: at + ms,
      what: 'request',
      method: 'GET',
      path,
      status,
      ms,
      client: client.name,
      collection: client.collection,
      requestId,
    })
    if (task === undefined) return { status, ms }
    const subtaskId = task.waiting.get(client.collection) ?? ''
    this.#hub.push({
      at: at + ms - 1,
      what: 'handed-out',
      taskId: task.taskId,
      subtaskId,
      collection: client.collection,
      requestId,
    })
    return { status, ms, task }
  }

  /** The client works on a task and posts the answer; how long that took. */
  #solve(
    client: WorldClient,
    journal: ClientEvent[],
    at: number,
    task: OpenTask,
  ): number | 'never' {
    const { start, random } = this.#world
    const subtaskId = task.waiting.get(client.collection) ?? ''
    task.waiting.delete(client.collection)
    journal.push({
      at: start + at,
      what: 'task',
      taskId: subtaskId,
      requestId: lastRequest(journal),
    })
    const solveMs = task.solveMs(client)
    if (solveMs === 'never') return 'never'
    journal.push({ at: start + at + solveMs, what: 'solved', taskId: subtaskId, ms: solveMs })
    const requestId = random.uuid()
    const hubAt = start + at + solveMs + 10
    const late = hubAt - start > task.at + DEADLINE_MS
    const ms = random.between(20, 60)
    const path = `${API}/task/result/${subtaskId}/${client.collection}`
    const status = late ? 404 : 200
    this.#hub.push({ at: hubAt + 5, what: 'validated', client: client.name, requestId })
    this.#hub.push({
      at: hubAt + ms - 1,
      what: 'stored',
      taskId: task.taskId,
      subtaskId,
      collection: client.collection,
      requestId,
      late,
    })
    this.#hub.push({
      at: hubAt + ms,
      what: 'request',
      method: 'POST',
      path,
      status,
      ms,
      client: client.name,
      collection: client.collection,
      requestId,
    })
    this.#balancer.push({
      at: hubAt + ms,
      client: client.address,
      path,
      method: 'POST',
      elb: status,
      target: status,
      ms,
    })
    journal.push({
      at: hubAt + ms + 10,
      what: 'posted',
      taskId: subtaskId,
      requestId,
      status,
      ms: ms + 20,
    })
    if (!late) task.answered++
    return solveMs + ms + 20
  }

  /** Arrival, expiry and submission of every task. */
  tasks(): void {
    const { start, random, lengthMs } = this.#world
    const asked = this.#world.clients.filter(({ twinOf }) => twinOf === undefined).length
    for (const task of this.#tasks) {
      this.#hub.push({ at: start + task.at, what: 'task', taskId: task.taskId })
      const complete = task.answered >= asked
      const end = complete ? this.#lastStored(task) + 30 : start + task.at + DEADLINE_MS + 3_000
      task.closed = true
      if (end > start + lengthMs) continue
      if (!complete) this.#hub.push({ at: end - 5, what: 'expired', taskId: task.taskId })
      let at = end
      for (let attempt = 1; attempt <= 5; attempt++) {
        this.#hub.push({ at, what: 'submitting', taskId: task.taskId, attempt })
        const ms = random.between(80, 220)
        const status = this.#world.submit(at - start)
        if (status < 300) {
          this.#hub.push({ at: at + ms, what: 'submitted', taskId: task.taskId, attempt, ms })
          break
        }
        this.#hub.push({
          at: at + ms,
          what: 'submission-failed',
          taskId: task.taskId,
          attempt,
          status,
        })
        at += 5_000 + ms
      }
    }
  }

  #lastStored(task: OpenTask): number {
    const times = this.#hub
      .filter((event) => event.what === 'stored' && event.taskId === task.taskId)
      .map(({ at }) => at)
    return Math.max(...times)
  }

  /** Probes, sweeps, upstream polls. */
  background(): void {
    const { start, lengthMs, random } = this.#world
    for (let at = 500; at < lengthMs; at += 10_000) {
      const probe = start + at
      this.#hub.push({
        at: probe,
        what: 'refused',
        client: '',
        collection: '',
        reason: 'missing',
        requestId: 'probe',
        path: '/healthz',
      })
      this.#hub.push({
        at: probe + 3,
        what: 'request',
        method: 'GET',
        path: '/healthz',
        status: 200,
        ms: random.between(2, 5),
        client: '',
        collection: '',
        requestId: `probe-${at}`,
      })
    }
    for (let at = 2_300; at < lengthMs; at += 5_000) {
      this.#hub.push({ at: start + at, what: 'sweep' })
      for (const type of ['a', 'b'] as const) {
        const failure = this.#world.upstream(type, at)
        if (failure === undefined)
          this.#hub.push({ at: start + at + 90, what: 'upstream-poll', type, status: 204, ms: 90 })
        else if (failure !== -1)
          this.#hub.push({ at: start + at + 90, what: 'upstream-failed', type, failure })
      }
    }
  }
}

/** The hub is not there: the balancer says so. */
const DOWN: Outcome = { kind: 'network', failure: 'refused', ms: 12 }

function lastRequest(journal: readonly ClientEvent[]): string {
  const last = journal.findLast((event) => event.what === 'answered')
  return last?.what === 'answered' ? last.requestId : ''
}

function sorted<T extends { at: number }>(events: T[]): T[] {
  return events.toSorted((a, b) => a.at - b.at)
}
