import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '@warren/runtime'
import { chooseRequestId, SECURITY_HEADERS } from '@warren/runtime/http'
import { preferredWait } from '@warren/task-api'
import type { Authenticator } from '../nodes/authenticator.ts'
import type { Principal } from '../nodes/principal.ts'
import type { NodeQueue } from '../queue/node-queue.ts'
import type { LoginVersion } from '../store/user-store.ts'
import type { HandedOutTask, TaskService } from '../tasks/task-service.ts'
import type { TaskKind } from '../vocabulary/task-kind.ts'
import type { HeldPolls } from './held-polls.ts'
import { NEXT_JOB_PREFIX, taskKindOf } from './next-job.route.ts'
import { logVerified } from './node-login.ts'
import { CLIENT_CLOSED_REQUEST, type RequestLog, workerOf } from './request-log.ts'
import type { RouteEntry } from './route-entry.ts'

export interface EarlyPollsDeps {
  readonly authenticator: Pick<Authenticator, 'recall'>
  readonly queue: Pick<NodeQueue, 'mayHaveWork' | 'waitForWork'>
  readonly taskService: Pick<TaskService, 'lease' | 'returnLease'>
  readonly held: HeldPolls
  readonly maxWaitSeconds: number
  readonly draining: AbortSignal
  readonly requestLog: RequestLog
  /** The route that answers all other polls. */
  readonly route: RouteEntry
  readonly log: Logger
}

const SECURITY_HEADER_LIST = Object.entries(SECURITY_HEADERS).flat()

interface EarlyPoll {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly principal: Principal
  readonly kind: TaskKind | undefined
  readonly id: string
  readonly startedAt: number
}

/** What was done for a poll before it was passed on. */
export interface PassedOnPoll {
  readonly id: string
  readonly principal: Principal
  /** From `performance.now()`. */
  readonly startedAt: number
  readonly heldMs: number
  /** The login ended while the poll was held. */
  readonly hasLoginEnded: boolean
  /** Why no task could be leased for it. Undefined if there was none, or none was looked for. */
  readonly failure: Error | undefined
}

/**
 * Answers or holds polls of nodes without queued work, before Fastify reads them: a thousand nodes poll every few seconds, and
 * there is seldom a task. Fastify would double the CPU time of an empty poll and the memory of a held one.
 *
 * It takes only polls whose login is cached. The response, the log and the metrics are those of the route. A held poll gets
 * its task here too, because a task for a thousand nodes ends a thousand polls at once. All others are passed on to the route.
 */
export class EarlyPolls {
  readonly #deps: EarlyPollsDeps
  readonly #passedOn = new WeakMap<IncomingMessage, PassedOnPoll>()
  /** Each ends one held poll. */
  readonly #ends = new Set<() => void>()

  constructor(deps: EarlyPollsDeps) {
    this.#deps = deps
    deps.draining.addEventListener('abort', () => {
      for (const end of this.#ends) end()
    })
  }

  /** Undefined for a request that was not held. */
  passedOn(request: IncomingMessage): PassedOnPoll | undefined {
    return this.#passedOn.get(request)
  }

  /** Passes the request on unless it is a poll of a node without work. */
  receive(request: IncomingMessage, response: ServerResponse, passOn: () => void): void {
    const poll = this.#read(request, response)
    if (poll === undefined) return passOn()
    const { id, principal } = poll
    const { log, maxWaitSeconds, draining, held } = this.#deps
    logVerified(log, principal, id)
    const asked = Math.min(preferredWait(request.headers.prefer), maxWaitSeconds)
    const place = asked > 0 ? held.enter(principal.nodeId) : undefined
    if (place === undefined) return this.#answer(poll, 0, 0)
    if (draining.aborted) {
      place[Symbol.dispose]()
      return this.#answer(poll, asked, 0)
    }
    void this.#hold(poll, asked, place, passOn)
  }

  /** Undefined for any request but a poll of a node without work, whose login is cached. */
  #read(request: IncomingMessage, response: ServerResponse): EarlyPoll | undefined {
    const { method, url = '', headers } = request
    if (method !== 'GET' || !url.startsWith(NEXT_JOB_PREFIX)) return undefined
    // A pipelined request waits for the responses to earlier ones.
    if (response.socket === null) return undefined
    const startedAt = performance.now()
    const collection = url.slice(NEXT_JOB_PREFIX.length)
    const principal = this.#deps.authenticator.recall(headers.authorization, collection)
    if (principal === undefined) return undefined
    const kind = taskKindOf(principal.suffix)
    if (kind === 'unsupported' || this.#deps.queue.mayHaveWork(principal.nodeId, kind)) {
      return undefined
    }
    const id = chooseRequestId(headers['x-request-id'])
    return { request, response, principal, kind, id, startedAt }
  }

  async #hold(poll: EarlyPoll, seconds: number, place: Disposable, passOn: () => void) {
    const { request, response, principal, kind, id, startedAt } = poll
    const heldSince = performance.now()
    const stop = new AbortController()
    const end = (): void => stop.abort()
    let hasLoginEnded = false
    response.once('close', end)
    this.#ends.add(end)
    const login = principal.onEnd(() => {
      hasLoginEnded = true
      end()
    })
    // Never rejects: it only reads memory.
    const mayHaveWork = await this.#deps.queue.waitForWork(principal.nodeId, seconds * 1_000, {
      kind,
      signal: stop.signal,
    })
    const heldMs = performance.now() - heldSince
    const lease =
      mayHaveWork && !hasLoginEnded
        ? await this.#lease(poll, stop.signal, (current) => {
            hasLoginEnded ||= !principal.isStill(current)
            return !hasLoginEnded
          })
        : null
    login[Symbol.dispose]()
    this.#ends.delete(end)
    response.off('close', end)
    place[Symbol.dispose]()

    if (lease !== null && !(lease instanceof Error)) {
      return this.#handOut(poll, lease, seconds, heldMs)
    }
    if (response.destroyed) return this.#record(poll, CLIENT_CLOSED_REQUEST, heldMs)
    const isOver = !mayHaveWork || this.#deps.draining.aborted
    if (isOver && !hasLoginEnded) return this.#answer(poll, seconds, heldMs)
    const failure = lease ?? undefined
    this.#passedOn.set(request, { id, principal, startedAt, heldMs, hasLoginEnded, failure })
    passOn()
  }

  /** Null if there is no task: another poll of the node got it. Never rejects. */
  async #lease(
    { principal: { nodeId }, kind, id }: EarlyPoll,
    signal: AbortSignal,
    isAllowed: (current: LoginVersion) => boolean,
  ): Promise<HandedOutTask | Error | null> {
    try {
      return await this.#deps.taskService.lease(nodeId, { kind, signal, isAllowed, requestId: id })
    } catch (error: unknown) {
      return error instanceof Error ? error : new Error('no task could be leased', { cause: error })
    }
  }

  #handOut(poll: EarlyPoll, task: HandedOutTask, appliedWait: number, heldMs: number): void {
    const { response } = poll
    if (response.destroyed || response.socket?.destroyed === true) {
      // Without this, the node would get the task again only after its lease expires. The store logs its own outage.
      this.#deps.taskService.returnLease(task).catch(() => undefined)
      return this.#record(poll, CLIENT_CLOSED_REQUEST, heldMs)
    }
    // As the route does: a response counts once it is written.
    response.once('close', () => {
      this.#record(poll, response.writableFinished ? 200 : CLIENT_CLOSED_REQUEST, heldMs)
    })
    const type = ['content-type', 'application/json; charset=utf-8']
    const headers = [...type, 'content-length', String(Buffer.byteLength(task.json))]
    response.writeHead(200, [...this.#headers(poll, appliedWait), ...headers])
    // As text, so that Node.js sends it together with the headers.
    response.end(task.json)
  }

  #answer(poll: EarlyPoll, appliedWait: number, heldMs: number): void {
    const { response } = poll
    response.writeHead(204, this.#headers(poll, appliedWait))
    response.end()
    this.#record(poll, 204, heldMs)
  }

  #headers({ id }: EarlyPoll, appliedWait: number): string[] {
    const headers = ['x-request-id', id, ...SECURITY_HEADER_LIST]
    if (appliedWait > 0) headers.push('preference-applied', `wait=${appliedWait}`)
    if (this.#deps.draining.aborted) headers.push('connection', 'close')
    return headers
  }

  #record({ request, principal, id, startedAt }: EarlyPoll, status: number, heldMs: number): void {
    this.#deps.requestLog.record({
      id,
      method: 'GET',
      path: request.url ?? '',
      route: this.#deps.route,
      status,
      durationMs: Math.max(0, performance.now() - startedAt - heldMs),
      heldMs,
      principal,
      worker: workerOf(request),
    })
  }
}
