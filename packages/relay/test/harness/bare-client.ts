import { request } from 'node:http'
import { z } from 'zod'

export interface BareResponse {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly text: string
  json(): unknown
}

export interface BareRequest {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
  readonly signal?: AbortSignal
}

const servedTaskSchema = z.looseObject({ uuid: z.string(), collection: z.string() })
export type ServedTask = z.infer<typeof servedTaskSchema>

/** The task in the response to a poll. */
export function servedTask(response: BareResponse): ServedTask {
  if (response.status !== 200) throw new Error(`the poll was answered ${response.status}`)
  return servedTaskSchema.parse(response.json())
}

/** Sends one request on a new connection, with exactly the given headers. */
export function bareRequest(url: string, options: BareRequest = {}): Promise<BareResponse> {
  const { method = 'GET', headers = {}, body, signal } = options
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { method, headers, agent: false, ...(signal === undefined ? {} : { signal }) },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: () => JSON.parse(text) as unknown,
          })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** The headers of a GET of the Python bunny. Its POST adds Content-Type and Content-Length. */
export function pythonHeaders(username: string, password: string): Record<string, string> {
  return {
    'User-Agent': 'python-requests/2.34.2',
    'Accept-Encoding': 'gzip, deflate',
    Accept: '*/*',
    Connection: 'keep-alive',
    Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
  }
}

/** A minimal bunny, with a base URL and the credentials of a node. */
export class BareNode {
  readonly #base: string
  readonly headers: Readonly<Record<string, string>>
  readonly collection: string

  constructor(
    url: string,
    user: { username: string; password: string; collectionId: string },
    base = `${url}/link_connector_api`,
  ) {
    this.#base = base
    this.headers = pythonHeaders(user.username, user.password)
    this.collection = user.collectionId
  }

  poll(options: { suffix?: string; wait?: number; signal?: AbortSignal } = {}) {
    const { suffix = '', wait, signal } = options
    const headers = wait === undefined ? {} : { Prefer: `wait=${wait}` }
    return bareRequest(`${this.#base}/task/nextjob/${this.collection}${suffix}`, {
      headers: { ...this.headers, ...headers },
      ...(signal === undefined ? {} : { signal }),
    })
  }

  /** Polls until there is a task, and returns it. */
  async nextTask(): Promise<ServedTask> {
    for (let tries = 0; tries < 40; tries += 1) {
      const response = await this.poll({ wait: 1 })
      if (response.status !== 204) return servedTask(response)
    }
    throw new Error('no task came')
  }

  post(uuid: string, body: unknown) {
    return this.postText(uuid, JSON.stringify(body))
  }

  postText(uuid: string, text: string | Buffer) {
    return bareRequest(`${this.#base}/task/result/${uuid}/${this.collection}`, {
      method: 'POST',
      headers: {
        ...this.headers,
        'Content-Type': 'application/json',
        'Content-Length': String(Buffer.byteLength(text)),
      },
      body: text,
    })
  }

  submit(task: { uuid: string; collection: string }, count: number) {
    return this.post(task.uuid, nodeResult(task, count))
  }
}

/** An availability result in the format of the Python bunny. */
export function nodeResult(task: { uuid: string; collection: string }, count: number) {
  return {
    uuid: task.uuid,
    status: 'ok',
    collection_id: task.collection,
    message: '',
    protocolVersion: 'v2',
    queryResult: { count, datasetCount: 0, files: [] },
  }
}
