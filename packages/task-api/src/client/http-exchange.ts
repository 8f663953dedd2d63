import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { JsonGuard } from '../json/json-guard.ts'
import { JsonLimitError, type JsonLimits } from '../json/json-limits.ts'
import { ContentEncodingError, decodeBody } from './content-encoding.ts'
import { type Route, TimeOverError } from './route/route.ts'
import { TaskApiError } from './task-api-error.ts'
import { transportFailure } from './transport-failure.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** For the whole exchange: connecting, sending, waiting, reading, redirects. */
  readonly timeoutMs: number
  /** How long one address of several may take to begin its response. Default: `timeoutMs`. */
  readonly patienceMs?: number
  /** Whether the body of a success is needed. It must then be complete and within the size limit. */
  readonly needsBody: boolean
  readonly signal: AbortSignal | undefined
  readonly requestId: string
}

export interface HttpResponse {
  readonly status: number
  /** An earlier attempt to send the same request may have arrived: its response was lost. */
  readonly sentBefore: boolean
  readonly contentType: string | undefined
  readonly retryAfter: string | undefined
  /** The time of the server, as an HTTP date. */
  readonly date: string | undefined
  /** If the body is not needed: at most its start. */
  readonly body: Buffer
}

const MAX_REDIRECTS = 3

/** Sends one request and reads its whole response, with one timeout and one size limit. */
export class HttpExchange {
  readonly #route: Route
  readonly #limits: JsonLimits

  constructor(options: { route: Route; limits: JsonLimits }) {
    this.#route = options.route
    this.#limits = options.limits
  }

  /** @throws TaskApiError, or the reason of `signal` if it was aborted. */
  async send(request: HttpRequest): Promise<HttpResponse> {
    const { signal, timeoutMs, requestId } = request
    signal?.throwIfAborted()
    // Not `AbortSignal.any`: a signal that lives as long as the program would keep a dependent signal
    // for every poll.
    const stop = new AbortController()
    const abort = () => stop.abort()
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      stop.abort(new TimeOverError())
    }, timeoutMs)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await this.#follow(request, stop.signal)
    } catch (error: unknown) {
      signal?.throwIfAborted()
      if (error instanceof TaskApiError) throw error
      if (timedOut) {
        throw new TaskApiError(
          `no complete response from ${this.#route.target} in ${timeoutMs} ms`,
          {
            kind: 'transport',
            code: 'READ_TIMEOUT',
            requestId,
          },
        )
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
      const { response, sentBefore } = await this.#route.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: request.method,
        headers: request.headers,
        body: request.body ?? null,
        signal,
        ...(request.patienceMs === undefined ? {} : { patienceMs: request.patienceMs }),
      })
      const { statusCode, headers, body } = response
      if (statusCode >= 300 && statusCode < 400 && statusCode !== 304) {
        body.on('error', () => {}).destroy()
        url = this.#redirected(url, headers, statusCode, request.requestId)
        continue
      }
      const needed = request.needsBody && statusCode >= 200 && statusCode < 300
      return {
        status: statusCode,
        sentBefore,
        contentType: headerText(headers, 'content-type'),
        retryAfter: headerText(headers, 'retry-after'),
        date: headerText(headers, 'date'),
        body: needed
          ? await this.#readAll(body, headers, statusCode, request.requestId)
          : await readStart(body, headers),
      }
    }
    throw new TaskApiError(`${request.url.host} redirects more than ${MAX_REDIRECTS} times`, {
      kind: 'invalid-response',
      code: 'TOO_MANY_REDIRECTS',
      requestId: request.requestId,
    })
  }

  // The redirected request contains the credentials, so it is sent to the same host only, and never from
  // https to http.
  #redirected(from: URL, headers: IncomingHttpHeaders, status: number, requestId: string): URL {
    const location = headerText(headers, 'location') ?? ''
    const to = URL.canParse(location, from.href) ? new URL(location, from) : null
    const upgrade = from.protocol === 'http:' && to?.protocol === 'https:'
    const sameServer = to?.origin === from.origin || (upgrade && to.hostname === from.hostname)
    if (to === null || !sameServer || status === 303) {
      const where = to === null ? 'no valid URL' : to.origin
      throw new TaskApiError(
        `${from.host} redirects to ${where} (status ${status}): set the base URL to that of the Task API`,
        { kind: 'invalid-response', code: `HTTP_${status}`, status, requestId },
      )
    }
    return to
  }

  async #readAll(
    body: Readable,
    headers: IncomingHttpHeaders,
    status: number,
    requestId: string,
  ): Promise<Buffer> {
    const announced = Number(headerText(headers, 'content-length') ?? 0)
    try {
      if (announced > this.#limits.maxBytes) throw new JsonLimitError('bytes', this.#limits)
      const decoded = decodeBody(body, headerText(headers, 'content-encoding'))
      return await readGuarded(decoded, this.#limits)
    } catch (error: unknown) {
      const code = refusalCode(error)
      if (code === undefined) throw error
      // The connection is closed, because the rest is still arriving.
      body.on('error', () => {}).destroy()
      const reason = error instanceof Error ? error.message : ''
      throw new TaskApiError(`cannot accept the response: ${reason}`, {
        kind: 'invalid-response',
        code,
        status,
        requestId,
      })
    }
  }
}

/** The code of a response that is not accepted. Undefined for any other error. */
function refusalCode(error: unknown): string | undefined {
  if (error instanceof ContentEncodingError) return 'CONTENT_ENCODING'
  if (!(error instanceof JsonLimitError)) return undefined
  return error.limit === 'bytes' ? 'RESPONSE_TOO_LARGE' : 'RESPONSE_TOO_COMPLEX'
}

async function readGuarded(body: AsyncIterable<Buffer>, limits: JsonLimits): Promise<Buffer> {
  const guard = new JsonGuard(limits)
  const chunks: Buffer[] = []
  for await (const chunk of body) {
    guard.push(chunk)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Null if there is more. */
async function readUpTo(body: AsyncIterable<Buffer>, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > limit) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const MAX_ERROR_BODY_BYTES = 64 * 1024

// The status decides. A body that breaks off or never ends must not turn a stored result into a failed
// submission. Reading the body makes the connection reusable.
async function readStart(body: Readable, headers: IncomingHttpHeaders): Promise<Buffer> {
  try {
    const decoded = decodeBody(body, headerText(headers, 'content-encoding'))
    return (await readUpTo(decoded, MAX_ERROR_BODY_BYTES)) ?? Buffer.alloc(0)
  } catch {
    body.on('error', () => {}).destroy()
    return Buffer.alloc(0)
  }
}

function headerText(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.[0]
}
