import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Route } from './route.ts'
import { TaskApiError } from './task-api-error.ts'
import { transportFailure } from './transport-failure.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** For everything: connecting, sending, waiting, reading, redirects. */
  readonly timeoutMs: number
  /** Whether the body of a success matters. It must then be complete and within the size limit. */
  readonly needsBody: boolean
  readonly signal: AbortSignal | undefined
  readonly requestId: string
}

export interface HttpResponse {
  readonly status: number
  readonly contentType: string | undefined
  readonly retryAfter: string | undefined
  /** Of an answer whose body is not needed at most the beginning, or nothing. */
  readonly body: Buffer
}

const MAX_REDIRECTS = 3

/** One request and its whole answer, under one deadline and one size limit. */
export class HttpExchange {
  readonly #route: Route
  readonly #maxResponseBytes: number

  constructor(options: { route: Route; maxResponseBytes: number }) {
    this.#route = options.route
    this.#maxResponseBytes = options.maxResponseBytes
  }

  /** @throws TaskApiError, or the reason of `signal` if that was aborted. */
  async send(request: HttpRequest): Promise<HttpResponse> {
    const { signal, timeoutMs, requestId } = request
    signal?.throwIfAborted()
    // Linked by hand: `AbortSignal.any` on a signal that lives as long as the program collects
    // a dependent signal for every poll.
    const stop = new AbortController()
    const abort = () => stop.abort()
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      stop.abort()
    }, timeoutMs)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await this.#follow(request, stop.signal)
    } catch (error: unknown) {
      signal?.throwIfAborted()
      if (error instanceof TaskApiError) throw error
      if (timedOut) {
        throw new TaskApiError(`no complete answer from ${this.#route.target} in ${timeoutMs} ms`, {
          kind: 'transport',
          code: 'READ_TIMEOUT',
          requestId,
        })
      }
      throw transportFailure(error, this.#route.target, requestId)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }

  async #follow(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    let url = request.url
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const { statusCode, headers, body } = await this.#route.dispatcher.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: request.method,
        headers: request.headers,
        body: request.body ?? null,
        signal,
      })
      if (statusCode >= 300 && statusCode < 400 && statusCode !== 304) {
        body.on('error', () => {}).destroy()
        url = this.#redirected(url, headers, statusCode, request.requestId)
        continue
      }
      const needed = request.needsBody && statusCode >= 200 && statusCode < 300
      return {
        status: statusCode,
        contentType: headerText(headers, 'content-type'),
        retryAfter: headerText(headers, 'retry-after'),
        body: needed
          ? await this.#readAll(body, headers, statusCode, request.requestId)
          : await readStart(body),
      }
    }
    throw new TaskApiError(`${request.url.host} redirects in circles`, {
      kind: 'invalid-response',
      code: 'TOO_MANY_REDIRECTS',
      requestId: request.requestId,
    })
  }

  // The same request, credentials and all, goes where we were sent: so only to the same host, and never
  // from TLS to none.
  #redirected(from: URL, headers: IncomingHttpHeaders, status: number, requestId: string): URL {
    const location = headerText(headers, 'location') ?? ''
    const to = URL.canParse(location, from.href) ? new URL(location, from) : null
    const upgrade = from.protocol === 'http:' && to?.protocol === 'https:'
    const sameServer = to?.origin === from.origin || (upgrade && to.hostname === from.hostname)
    if (to === null || !sameServer || status === 303) {
      const where = to === null ? 'nowhere' : to.origin
      throw new TaskApiError(
        `${from.host} answered ${status} and points to ${where}; set the base URL to where the Task API really is`,
        { kind: 'invalid-response', code: `HTTP_${status}`, status, requestId },
      )
    }
    return to
  }

  async #readAll(
    body: ResponseBody,
    headers: IncomingHttpHeaders,
    status: number,
    requestId: string,
  ): Promise<Buffer> {
    const limit = this.#maxResponseBytes
    const announced = Number(headerText(headers, 'content-length') ?? 0)
    const content = announced > limit ? null : await readUpTo(body, limit)
    if (content !== null) return content
    body.on('error', () => {}).destroy()
    throw new TaskApiError(`the answer is larger than ${limit} bytes`, {
      kind: 'invalid-response',
      code: 'RESPONSE_TOO_LARGE',
      status,
      requestId,
    })
  }
}

type ResponseBody = Dispatcher.ResponseData['body']

/** Null if there is more; the connection is then given up, because the rest is still coming. */
async function readUpTo(body: ResponseBody, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const MAX_ERROR_BODY_BYTES = 64 * 1024

// The status has already said everything that matters; a body that breaks off or never ends must not
// turn a stored answer into a failed one. Reading it lets the connection be used again.
async function readStart(body: ResponseBody): Promise<Buffer> {
  try {
    return (await readUpTo(body, MAX_ERROR_BODY_BYTES)) ?? Buffer.alloc(0)
  } catch {
    return Buffer.alloc(0)
  }
}

function headerText(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.[0]
}
