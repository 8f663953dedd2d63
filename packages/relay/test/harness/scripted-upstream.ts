import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

/** Answers one request. */
export type Script = (request: ReceivedRequest, response: ServerResponse) => void | Promise<void>

export interface ReceivedRequest {
  readonly at: number
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export const respond =
  (status: number, body = '', headers: Record<string, string> = {}): Script =>
  (_request, response) => {
    response.writeHead(status, headers).end(body)
  }

/** Runs the script after half a second. */
export const delayed =
  (script: Script): Script =>
  async (request, response) => {
    await delay(500)
    await script(request, response)
  }

/** Never answers the request. */
export const hang: Script = () => undefined

/** Closes the connection without a response. */
export const closeConnection: Script = (_request, response) => {
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
 * An upstream with a queue of scripts per kind of request. Each request consumes one. Without a script, it answers polls
 * with 204 and results with `Job saved`, as existing upstreams do.
 */
export class ScriptedUpstream implements AsyncDisposable {
  readonly requests: ReceivedRequest[] = []
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
      const received: ReceivedRequest = {
        at: performance.now(),
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      }
      this.requests.push(received)
      const kind = kindOf(received)
      const script = this.#scripts[kind].shift()
      const fallback = kind === 'result' ? respond(200, 'Job saved') : respond(204)
      void (script ?? fallback)(received, response)
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

  /** The environment variables of a relay that polls this upstream. */
  env(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return {
      RELAY_UPSTREAM_BASE_URL: this.url,
      RELAY_UPSTREAM_COLLECTION_ID: 'RQ-CC-EXAMPLE',
      RELAY_UPSTREAM_USERNAME: 'relay',
      RELAY_UPSTREAM_PASSWORD: 'relay secret',
      RELAY_UPSTREAM_POLL_INTERVAL: '100ms',
      ...more,
    }
  }

  script(kind: 'a' | 'b' | 'unified' | 'result', ...scripts: Script[]): void {
    this.#scripts[kind].push(...scripts)
  }

  /** Hands out the task at the next poll that no earlier script answers. */
  handOut(task: { uuid: string }, kind: 'a' | 'b' | 'unified' = 'a'): void {
    this.script(kind, respond(200, JSON.stringify(task), { 'content-type': 'application/json' }))
  }

  polls(kind: 'a' | 'b' | 'unified'): ReceivedRequest[] {
    return this.requests.filter((request) => kindOf(request) === kind)
  }

  results(): ReceivedRequest[] {
    return this.requests.filter((request) => kindOf(request) === 'result')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function kindOf(request: ReceivedRequest): 'a' | 'b' | 'unified' | 'result' {
  if (request.method === 'POST') return 'result'
  if (request.path.endsWith('.a')) return 'a'
  return request.path.endsWith('.b') ? 'b' : 'unified'
}
