import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { isFailure, parseResult, type TaskResult } from '@warren/task-api'

type Kind = 'availability' | 'distribution'

/** Where a request of the bunny is. After `accepted`, the result is stored, and the response is not sent yet. */
export type RequestStep = 'polling' | 'handed out' | 'posting' | 'accepted'

/** What the network does with a request at a step: `undefined` lets it pass. */
export type Interference =
  | undefined
  /** Resets the connection. */
  | 'cut'
  /** Does not respond, and keeps the connection. */
  | 'stall'
  /** Begins a response of 200, and does not continue it. */
  | 'half'
  /** Responds in place of the relay. */
  | { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> }

export interface RelayOptions {
  /** After this time without a result, a task is handed out again. */
  readonly leaseMs: number
  /** Called at each step of a request. `uuid` is empty for a poll without a task. */
  readonly interfere?: (step: RequestStep, uuid: string) => Interference | Promise<Interference>
}

interface Task {
  readonly uuid: string
  readonly kind: Kind
  readonly body: object
  leasedUntil: number
  result: TaskResult | undefined
}

/**
 * A small relay: it leases the oldest task of a kind, hands it out again when the lease expires, and accepts the first
 * result of each task. Later results get 409, and results of unknown tasks 404.
 */
export class LeasingRelay implements AsyncDisposable {
  /** The results that were accepted, in this order. */
  readonly accepted: TaskResult[] = []
  /** The results that arrived after the first one of their task. */
  readonly late: TaskResult[] = []
  /** Results of tasks that were never handed out. */
  readonly unknown: TaskResult[] = []
  readonly #tasks = new Map<string, Task>()
  readonly #options: RelayOptions
  readonly #server: Server

  private constructor(server: Server, options: RelayOptions) {
    this.#server = server
    this.#options = options
  }

  static async start(options: RelayOptions): Promise<LeasingRelay> {
    const server = createServer()
    const relay = new LeasingRelay(server, options)
    server.on('request', (request, response) => void relay.#respond(request, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return relay
  }

  get url(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    return `http://127.0.0.1:${String(address.port)}/link_connector_api`
  }

  ask(body: { readonly uuid: string }): void {
    const kind = 'analysis' in body ? 'distribution' : 'availability'
    this.#tasks.set(body.uuid, { uuid: body.uuid, kind, body, leasedUntil: 0, result: undefined })
  }

  /** The accepted result of a task. */
  resultOf(uuid: string): TaskResult | undefined {
    return this.#tasks.get(uuid)?.result
  }

  /** The tasks without an accepted result. */
  get unanswered(): string[] {
    return [...this.#tasks.values()].filter(({ result }) => !result).map(({ uuid }) => uuid)
  }

  /** The results that are errors, accepted or not. */
  get failures(): TaskResult[] {
    return [...this.accepted, ...this.late].filter((result) => isFailure(result))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('/').map(decodeURIComponent)
    try {
      if (request.method === 'GET') await this.#handOut(path.at(-1) ?? '', response)
      else await this.#accept(path.at(-2) ?? '', request, response)
    } catch {
      // The bunny has ended, and its connection with it.
      response.destroy()
    }
  }

  async #handOut(collection: string, response: ServerResponse): Promise<void> {
    if (await this.#isStopped('polling', '', response)) return
    const only = /\.([ab])$/.exec(collection)?.[1]
    const now = performance.now()
    const task = [...this.#tasks.values()].find(
      ({ kind, leasedUntil, result }) =>
        result === undefined &&
        leasedUntil <= now &&
        (only === undefined || only === (kind === 'availability' ? 'a' : 'b')),
    )
    if (task === undefined) return void response.writeHead(204).end()
    task.leasedUntil = now + this.#options.leaseMs
    if (await this.#isStopped('handed out', task.uuid, response)) return
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(task.body))
  }

  async #accept(uuid: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await this.#isStopped('posting', uuid, response)) return
    const result = parseResult(JSON.parse(await text(request)))
    const task = this.#tasks.get(uuid)
    if (task === undefined || task.leasedUntil === 0) {
      this.unknown.push(result)
      return void response.writeHead(404).end()
    }
    if (task.result !== undefined) {
      this.late.push(result)
      return void response.writeHead(409).end()
    }
    task.result = result
    this.accepted.push(result)
    if (await this.#isStopped('accepted', uuid, response)) return
    response.writeHead(200).end('Job saved')
  }

  async #isStopped(step: RequestStep, uuid: string, response: ServerResponse): Promise<boolean> {
    const interference = await this.#options.interfere?.(step, uuid)
    if (interference === undefined) return false
    if (interference === 'cut') response.socket?.resetAndDestroy()
    else if (interference === 'half') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 })
      response.write('{"uuid":')
    } else if (interference !== 'stall') {
      response.writeHead(interference.status, interference.headers)
      response.end(interference.body ?? '')
    }
    return true
  }
}
