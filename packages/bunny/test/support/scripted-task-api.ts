import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { parseResult, type TaskResult } from '@warren/task-api'

/** How the server responds to a request. */
export type Reply =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> }
  /** Never responds. */
  | 'hang'
  /** Resets the connection. */
  | 'reset'

export interface SeenRequest {
  readonly at: number
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/**
 * A Task API that sends the given replies in order, one per request. Without a reply, it responds to polls with 204 and to
 * results with 200.
 */
export class ScriptedTaskApi implements AsyncDisposable {
  readonly polls: SeenRequest[] = []
  readonly posts: SeenRequest[] = []
  readonly pollReplies: Reply[] = []
  readonly postReplies: Reply[] = []
  /** Tasks that are handed out by kind, after the replies above: distributions first. */
  readonly availability: object[] = []
  readonly distributions: object[] = []
  /** Whether polls for one kind are supported, with a suffix of the collection ID. The .NET relay responds with 500. */
  selectsKind = true
  /** How long empty polls are held, like by a relay that supports `Prefer: wait`. 0: they are not held. */
  holdMs = 0
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(port = 0): Promise<ScriptedTaskApi> {
    const server = createServer()
    const api = new ScriptedTaskApi(server)
    server.on('request', (request, response) => void api.#respond(request, response))
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    return api
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    return address.port
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}/link_connector_api`
  }

  /** Hands out tasks in this order, one per poll. */
  queue(...tasks: readonly object[]): void {
    this.pollReplies.push(...tasks.map((body) => ({ status: 200, body })))
  }

  get results(): TaskResult[] {
    return this.posts.map(({ body }) => parseResult(JSON.parse(body)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request
    const at = Date.now()
    const body = await text(request).catch(() => '')
    const isPoll = method === 'GET'
    const seen = isPoll ? this.polls : this.posts
    seen.push({ at, method, path, headers, body })
    const reply = isPoll
      ? (this.pollReplies.shift() ?? this.#byKind(path) ?? (await this.#holdPoll(response)))
      : (this.postReplies.shift() ?? { status: 200, body: 'Job saved' })
    if (reply === 'hang') return
    if (reply === 'reset') {
      request.socket.resetAndDestroy()
      return
    }
    const content = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body)
    response.writeHead(reply.status, {
      'content-type': typeof reply.body === 'object' ? 'application/json' : 'text/plain',
      ...reply.headers,
    })
    response.end(content)
  }

  #byKind(path: string): Reply | undefined {
    const kind = /\.([ab])$/.exec(path)?.[1]
    if (kind !== undefined && !this.selectsKind) return { status: 500 }
    const body =
      (kind === 'a' ? undefined : this.distributions.shift()) ??
      (kind === 'b' ? undefined : this.availability.shift())
    return body === undefined ? undefined : { status: 200, body }
  }

  /** Waits for a task to be queued, up to `holdMs`. */
  async #holdPoll(response: ServerResponse): Promise<Reply> {
    const until = Date.now() + this.holdMs
    while (Date.now() < until && !response.destroyed) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      const reply = this.pollReplies.shift()
      if (reply !== undefined) return reply
    }
    return { status: 204 }
  }
}
