import { Backoff } from '@warren/runtime'
import type { Chance } from './chance.ts'
import { exchange, failed } from './exchange.ts'
import type { Exchanged } from './exchange.ts'
import type { Fact } from './facts.ts'
import type { RelayAnswer } from './request.ts'
import type { ClientPlan } from './plan.ts'
import { backoffOf, SECOND } from './world.ts'
import type { Subtask, World } from './world.ts'

const CLIENT_VERSIONS = { python: '1.8.1', warren: '0.1.0' } as const

/** A lease of Warren's relay ends after this time without a result, ms. */
const LEASE_MS = 120 * SECOND
/** Attempts of the Python bunny to submit a result. */
const MAX_POSTS = 4

/** One running client: polls, solves tasks, submits results, and backs off after failures. */
export class Client {
  readonly #world: World
  readonly #plan: ClientPlan
  readonly #chance: Chance
  readonly #backoff: Backoff
  /** Component of its facts: its name, or `name/2` for a second pod. */
  readonly #at: string
  readonly #second: boolean
  #running: boolean
  #notHeldLogged = false
  /** Time of its next poll. */
  nextAt: number

  constructor(world: World, plan: ClientPlan, second = false) {
    this.#world = world
    this.#plan = plan
    this.#second = second
    this.#at = second ? `${plan.name}/2` : plan.name
    this.#chance = world.chance.fork(this.#at)
    this.#backoff = backoffOf(plan, this.#chance)
    // Warren's bunny polls whenever the relay responds, so its phase does not matter.
    this.nextAt = world.start + this.#chance.between(0, plan.intervalMs)
    this.#running = !world.plan.starts
  }

  /** Simulates one poll and what follows from it. */
  step(): void {
    const { schedule } = this.#world
    const effect = schedule.at(this.nextAt, this.#plan.name)
    const wanted = this.#second ? effect.twice === true : effect.absent !== true
    if (!wanted) {
      this.#running = false
      this.nextAt += SECOND
      return
    }
    if (!this.#running) this.#start()
    const sentAt = this.nextAt
    const intervalMs = effect.intervalMs ?? this.#plan.intervalMs
    const requestId = this.#chance.hex(16)
    const waitSeconds = effect.intervalMs === undefined ? this.#plan.waitSeconds : 0
    this.#log({ kind: 'poll sent', time: sentAt, requestId, waitMs: waitSeconds * SECOND })
    let taken: Subtask | undefined
    const { outcome, endedAt } = this.#ask(sentAt, requestId, waitSeconds, (s) => {
      taken = s
    })
    const about = { requestId, durationMs: endedAt - sentAt }
    if (outcome.kind === 'status') {
      this.#log({ kind: 'poll answered', time: endedAt, status: outcome.status, ...about })
    }
    if (failed(outcome)) {
      const retryInMs = this.#backoff.next()
      this.#log({ kind: 'poll failed', time: endedAt + 1, outcome, retryInMs, ...about })
      // The Python bunny adds its polling interval to the backoff.
      const more = this.#plan.program === 'python' ? 5 * SECOND : 0
      this.nextAt = endedAt + retryInMs + more + this.#chance.between(1, 6)
      return
    }
    this.#backoff.reset()
    const doneAt = taken === undefined ? endedAt : this.#work(taken, requestId, endedAt + 1)
    this.nextAt = this.#afterAnswer({
      sentAt,
      endedAt,
      doneAt,
      intervalMs,
      busy: taken !== undefined,
    })
  }

  #afterAnswer(poll: {
    sentAt: number
    endedAt: number
    doneAt: number
    intervalMs: number
    busy: boolean
  }): number {
    const jitter = this.#chance.between(1, 60)
    const { waitSeconds, program } = this.#plan
    if (program === 'python') return poll.doneAt + poll.intervalMs + jitter
    // Warren's bunny does not wait for a task to be solved.
    if (poll.busy) return poll.endedAt + 3
    const took = poll.endedAt - poll.sentAt
    if (took >= waitSeconds * 500) return poll.endedAt + 2
    if (!this.#notHeldLogged) {
      this.#notHeldLogged = true
      const details = { askedSeconds: waitSeconds, intervalMs: poll.intervalMs }
      this.#log({ kind: 'polls not held', time: poll.endedAt + 1, ...details })
    }
    return poll.endedAt + Math.max(0, poll.intervalMs - took) + jitter / 10
  }

  #start(): void {
    const version = CLIENT_VERSIONS[this.#plan.program]
    this.#log({ kind: 'client started', time: this.nextAt - 900, version })
    this.#running = true
    this.#notHeldLogged = false
  }

  #ask(
    sentAt: number,
    requestId: string,
    waitSeconds: number,
    take: (subtask: Subtask) => void,
  ): Exchanged {
    const { collection } = this.#plan
    const handle: RelayAnswer = (arrivedAt, heldUntil) => {
      const subtask = this.#nextSubtask(heldUntil)
      if (subtask === undefined) return { status: 204, at: heldUntil }
      const at = Math.max(arrivedAt, subtask.readyAt)
      subtask.taken = true
      take(subtask)
      this.#handOut(subtask, requestId, at)
      return { status: 200, at }
    }
    const path = `/link_connector_api/task/nextjob/${collection}`
    const request = { client: this.#plan, requestId, method: 'GET', path, handle } as const
    return exchange(this.#world, { ...request, waitSeconds }, sentAt, this.#chance)
  }

  #nextSubtask(until: number): Subtask | undefined {
    for (const task of this.#world.tasks) {
      for (const subtask of task.subtasks) {
        const open = !subtask.taken && subtask.readyAt <= until && until < task.expiresAt
        if (open && subtask.client === this.#plan) return subtask
      }
    }
    return undefined
  }

  #handOut(subtask: Subtask, requestId: string, at: number): void {
    const { journal } = this.#world
    const about = { taskId: subtask.task.id, subtaskId: subtask.id, node: this.#plan.collection }
    journal.add({ kind: 'task handed out', at: 'relay', time: at, requestId, ...about })
    if (this.#world.schedule.at(at, this.#plan.name).task !== 'dropped') return
    // No result will arrive, so Warren's relay hands out the task once more.
    const returned = this.#world.schedule.resumesAt(at + LEASE_MS)
    if (returned >= subtask.task.expiresAt) return
    journal.add({ kind: 'lease returned', at: 'relay', time: returned, ...about })
    if (this.#world.plan.relay === 'warren') {
      subtask.readyAt = returned
      subtask.taken = false
    }
  }

  /** Solves a task and submits the result; returns when the client is free again. */
  #work(subtask: Subtask, requestId: string, receivedAt: number): number {
    const { id: taskId, task } = subtask
    const taskKind = task.kind
    const effect = this.#world.schedule.at(receivedAt, this.#plan.name)
    this.#log({ kind: 'task received', time: receivedAt, taskId, taskKind, requestId })
    if (effect.task === 'dropped') {
      this.#log({ kind: 'task dropped', time: receivedAt + 4, taskId })
      return receivedAt + 5
    }
    const late = effect.task === 'late' && taskKind === 'availability'
    const durationMs = late
      ? task.expiresAt - receivedAt + this.#chance.between(20_000, 40_000)
      : this.#chance.between(1_400, 2_600)
    const solvedAt = receivedAt + durationMs
    const count = this.#chance.whole(1, 90) * 10
    this.#log({ kind: 'task solved', time: solvedAt, taskId, taskKind, count, durationMs })
    return this.#post(subtask, solvedAt + 2)
  }

  #post(subtask: Subtask, from: number): number {
    const { id: taskId } = subtask
    const path = `/link_connector_api/task/result/${taskId}/${this.#plan.collection}`
    const python = this.#plan.program === 'python'
    const backoff = new Backoff({
      initialMs: 5_000,
      maxMs: 60_000,
      random: () => this.#chance.next(),
    })
    let time = from
    for (let attempt = 1; ; attempt++) {
      const requestId = this.#chance.hex(16)
      this.#log({ kind: 'result sent', time, taskId, requestId })
      const { outcome, endedAt } = exchange(
        this.#world,
        {
          client: this.#plan,
          requestId,
          method: 'POST',
          path,
          waitSeconds: 0,
          handle: (arrivedAt) => this.#receive(subtask, requestId, arrivedAt),
        },
        time,
        this.#chance,
      )
      // A rejection ends it too: the same result would be rejected again.
      if (outcome.kind === 'status' && isFinal(outcome.status, python)) {
        const { status } = outcome
        this.#log({
          kind: 'result answered',
          time: endedAt,
          taskId,
          requestId,
          status,
          durationMs: endedAt - time,
        })
        return endedAt
      }
      const retryInMs = python ? 5_000 : backoff.next()
      this.#log({
        kind: 'result failed',
        time: endedAt,
        taskId,
        requestId,
        outcome,
        attempt,
        retryInMs,
      })
      time = endedAt + retryInMs
      if ((python && attempt >= MAX_POSTS) || time > this.#world.end) return time
    }
  }

  #receive(subtask: Subtask, requestId: string, arrivedAt: number): { status: number; at: number } {
    const { plan, journal } = this.#world
    const { id: subtaskId, task } = subtask
    const at = arrivedAt + 2
    const about = { taskId: task.id, subtaskId, node: this.#plan.collection, requestId }
    if (arrivedAt >= task.expiresAt) {
      journal.add({ kind: 'result late', at: 'relay', time: at, ...about })
      // The .NET relay has discarded the task by then; Warren's relay responds with the reason.
      return { status: plan.relay === 'dotnet' ? 404 : 409, at }
    }
    subtask.answeredAt ??= at
    journal.add({ kind: 'result stored', at: 'relay', time: at, ...about })
    return { status: 200, at }
  }

  #log(fact: ClientFact): void {
    this.#world.journal.add({ ...fact, at: this.#at })
  }
}

/** The Python bunny does not retry after a rejection; Warren's bunny retries after 401, because credentials may be corrected. */
function isFinal(status: number, python: boolean): boolean {
  return status < 500 && (python || status !== 401)
}

type WithoutPlace<T> = T extends unknown ? Omit<T, 'at'> : never
type ClientFact = WithoutPlace<Fact>
