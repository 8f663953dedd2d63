import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

/** How to answer one request. */
export type Script = (request: SeenRequest, response: ServerResponse) => void | Promise<void>

export interface SeenRequest {
  readonly at: number
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export const say =
  (status: number, body = '', headers: Record<string, string> = {}): Script =>
  (_request, response) => {
    response.writeHead(status, headers).end(body)
  }

/** Thinks for half a second first. */
export const slowly =
  (script: Script): Script =>
  async (request, response) => {
    await delay(500)
    await script(request, response)
  }

/** Takes the request and never answers. */
export const hang: Script = () => undefined

/** Closes the connection without a word. */
export const cutOff: Script = (_request, response) => {
  response.destroy()
}

export function availabilityTask(collection: string, uuid: string = randomUUID()) {
  return {
    task_id: 4711,
    project: 'unknown_project',
    uuid,
    owner: '1',
    collection,
    protocol_version: 'v2',
    char_salt: 'salt',
    cohort: {
      groups_oper: 'AND',
      groups: [
        {
          rules_oper: 'AND',
          rules: [
            {
              varname: 'OMOP',
              varcat: 'Person',
              type: 'TEXT',
              oper: '=',
              value: '8507',
              secondary_modifier: ['32020'],
              something_new: { kept: true },
            },
          ],
        },
      ],
    },
  }
}

/**
 * An upstream that does what a test tells it: one script a request, in order, per kind of request; afterwards 204
 * for polls and the older server's `Job saved` for results.
 */
export class ScriptedUpstream implements AsyncDisposable {
  readonly requests: SeenRequest[] = []
  readonly #scripts = {
    a: [] as Script[],
    b: [] as Script[],
    unified: [] as Script[],
    result: [] as Script[],
  }
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const seen: SeenRequest = {
        at: performance.now(),
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      }
      this.requests.push(seen)
      const kind = kindOf(seen)
      const script = this.#scripts[kind].shift()
      const usual = kind === 'result' ? say(200, 'Job saved') : say(204)
      void (script ?? usual)(seen, response)
    })
  })

  static async start(): Promise<ScriptedUpstream> {
    const upstream = new ScriptedUpstream()
    await new Promise<void>((resolve) => upstream.#server.listen(0, '127.0.0.1', resolve))
    return upstream
  }

  get url(): string {
    const address = this.#server.address()
    if (typeof address !== 'object' || address === null) throw new Error('not listening')
    return `http://127.0.0.1:${address.port}`
  }

  /** What a hub needs to poll it. */
  env(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return {
      RELAY_UPSTREAM_BASE_URL: this.url,
      RELAY_UPSTREAM_COLLECTION_ID: 'RQ-CC-EXAMPLE',
      RELAY_UPSTREAM_USERNAME: 'hub',
      RELAY_UPSTREAM_PASSWORD: 'hub secret',
      RELAY_UPSTREAM_POLL_INTERVAL: '100ms',
      ...more,
    }
  }

  script(kind: 'a' | 'b' | 'unified' | 'result', ...scripts: Script[]): void {
    this.#scripts[kind].push(...scripts)
  }

  /** Hands this task out at the next poll. */
  publish(task: { uuid: string }, kind: 'a' | 'b' | 'unified' = 'a'): void {
    this.script(kind, say(200, JSON.stringify(task), { 'content-type': 'application/json' }))
  }

  polls(kind: 'a' | 'b' | 'unified'): SeenRequest[] {
    return this.requests.filter((request) => kindOf(request) === kind)
  }

  results(): SeenRequest[] {
    return this.requests.filter((request) => kindOf(request) === 'result')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function kindOf(request: SeenRequest): 'a' | 'b' | 'unified' | 'result' {
  if (request.method === 'POST') return 'result'
  if (request.path.endsWith('.a')) return 'a'
  return request.path.endsWith('.b') ? 'b' : 'unified'
}
