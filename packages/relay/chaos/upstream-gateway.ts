import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { z } from 'zod'
import type { RunHistory, Submission, TaskHistory } from './history.ts'

/** How the gateway answers instead of the upstream. */
export type GatewayFault = '500' | '500 after storing' | '429' | 'HTML' | 'silent'

const MAX_BODY_BYTES = 40_000_000
const taskSchema = z.looseObject({ uuid: z.string() })

/** An HTTP gateway before an upstream. It records every task and result that passes, and fails on demand. */
export class UpstreamGateway implements AsyncDisposable {
  readonly #target: URL
  readonly #history: RunHistory
  readonly #server = createServer((incoming, outgoing) => {
    this.#handle(incoming, outgoing).catch(() => outgoing.destroy())
  })
  readonly #held = new Set<ServerResponse>()
  #fault: GatewayFault | undefined
  /** Polls that reached the gateway. */
  polls = 0

  private constructor(target: string, history: RunHistory) {
    this.#target = new URL(target)
    this.#history = history
  }

  static async start(target: string, history: RunHistory): Promise<UpstreamGateway> {
    const gateway = new UpstreamGateway(target, history)
    await new Promise<void>((resolve) => gateway.#server.listen(0, '127.0.0.1', resolve))
    return gateway
  }

  get url(): string {
    const address = this.#server.address()
    if (typeof address !== 'object' || address === null) throw new Error('not listening')
    return `http://127.0.0.1:${address.port}`
  }

  fail(fault: GatewayFault): void {
    this.#fault = fault
  }

  heal(): void {
    this.#fault = undefined
    for (const response of this.#held) response.destroy()
    this.#held.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.heal()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const relay = String(incoming.headers['x-worker-id'] ?? 'unknown')
    const body = await readBody(incoming)
    if (incoming.method !== 'POST') {
      this.polls += 1
      if (this.#failed(outgoing)) return
      await this.#poll(incoming, outgoing, relay)
      return
    }
    const uuid = /\/task\/result\/([^/]+)\//.exec(incoming.url ?? '')?.[1] ?? ''
    const history = this.#history.find(uuid)
    const submission: Submission = { atMs: this.#history.now, relay, text: body.toString('utf8') }
    history?.submissions.push(submission)
    const respond = (status: number, text: string, headers = {}) => {
      submission.status = status
      outgoing.on('finish', () => (submission.respondedAtMs = this.#history.now))
      outgoing.writeHead(status, headers).end(text)
    }
    if (this.#fault !== '500 after storing' && this.#failed(outgoing, submission)) return
    const answer = await this.#forward(incoming, outgoing, body)
    const accepted = (answer.status >= 200 && answer.status < 300) || answer.status === 409
    if (accepted) submission.acceptedAtMs = this.#history.now
    if (this.#fault === '500 after storing') respond(500, 'the gateway lost the response')
    else respond(answer.status, answer.text, answer.headers)
  }

  async #poll(incoming: IncomingMessage, outgoing: ServerResponse, relay: string): Promise<void> {
    const answer = await this.#forward(incoming, outgoing, Buffer.alloc(0))
    if (answer.status === 200) this.#recordHandOut(answer.text, relay)
    outgoing.writeHead(answer.status, answer.headers).end(answer.text)
  }

  #recordHandOut(text: string, relay: string): void {
    const task = taskSchema.safeParse(JSON.parse(text))
    const history: TaskHistory | undefined = task.success
      ? this.#history.find(task.data.uuid)
      : undefined
    history?.handOuts.push({ atMs: this.#history.now, relay })
  }

  /** Answers with the present fault, if any. */
  #failed(outgoing: ServerResponse, submission?: Submission): boolean {
    const fault = this.#fault
    if (fault === undefined) return false
    const respond = (status: number, text: string, headers = {}) => {
      if (submission !== undefined) submission.status = status
      outgoing.writeHead(status, headers).end(text)
    }
    if (fault === 'silent') this.#held.add(outgoing)
    else if (fault === '429') respond(429, 'slow down', { 'retry-after': '1' })
    else if (fault === 'HTML') {
      respond(200, '<!doctype html><title>Maintenance</title>', { 'content-type': 'text/html' })
    } else respond(fault === '500' ? 500 : 502, 'the gateway fails')
    return true
  }

  #forward(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    body: Buffer,
  ): Promise<UpstreamAnswer> {
    return new Promise((resolve, reject) => {
      const { method = 'GET', url = '/', headers } = incoming
      const forwarded = request(
        new URL(url, this.#target),
        { method, headers: { ...headers, host: this.#target.host } },
        (response) => {
          readAnswer(response).then(resolve, reject)
        },
      )
      forwarded.on('error', reject)
      // A held poll whose relay is gone must not take a task.
      outgoing.on('close', () => {
        if (!outgoing.writableFinished) forwarded.destroy()
      })
      forwarded.end(body)
    })
  }
}

interface UpstreamAnswer {
  readonly status: number
  readonly text: string
  readonly headers: Record<string, string>
}

async function readAnswer(response: IncomingMessage): Promise<UpstreamAnswer> {
  const text = (await readBody(response)).toString('utf8')
  const type = response.headers['content-type']
  const headers = type === undefined ? {} : { 'content-type': type }
  return { status: response.statusCode ?? 502, text, headers }
}

async function readBody(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) throw new Error('the body is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
