import { randomUUID } from 'node:crypto'
import { parseGuardedJson } from '../json/json-guard.ts'
import { TASK_JSON_LIMITS } from '../json/json-limits.ts'
import { isJsonObject } from '../json/json-object.ts'
import { type TaskResult, serializeResult } from '../task-result.ts'
import { HttpExchange, type HttpResponse } from './http-exchange.ts'
import { parseRetryAfter } from './retry-after.ts'
import type { AddressStatus } from './route/address-health.ts'
import type { AddressReport, ResolutionReport } from './route/address-report.ts'
import { proxyFor } from './route/proxy.ts'
import { Route } from './route/route.ts'
import { resolveHost, type ResolveHost } from './route/server-addresses.ts'
import { taskApiBase } from './task-api-base.ts'
import { ClientTls, type ClientTlsFiles } from './tls/client-tls.ts'
import { TaskApiError } from './task-api-error.ts'

export interface TaskApiClientOptions {
  /** See `taskApiBase`. */
  readonly baseUrl: string
  readonly username: string
  readonly password: string
  readonly collection: string
  /** `warren-relay/1.2.3` */
  readonly userAgent: string
  /** Sent as `X-Worker-Id`, with which a server distinguishes two processes of one collection. */
  readonly workerId?: string
  /** Default 10,000. */
  readonly connectTimeoutMs?: number
  /** From sending a request to the last byte of its response, in addition to connecting and `waitSeconds`. Default 60,000. */
  readonly requestTimeoutMs?: number
  /** Default 10 MiB. A larger response is an error. */
  readonly maxResponseBytes?: number
  /** HTTPS_PROXY, HTTP_PROXY, NO_PROXY, and the variables with trusted certificates. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv
  /** Trusted certificates in addition to those of `env`, and a client certificate. */
  readonly tls?: ClientTlsFiles
  /** Default: as the system resolves names. */
  readonly resolve?: ResolveHost
  readonly newRequestId?: () => string
  /** Milliseconds since 1970, for `Retry-After` dates. */
  readonly now?: () => number
  /** Called after every request, for logs and metrics. */
  readonly onExchange?: (exchange: Exchange) => void
  /** Called when one of several addresses begins or stops failing, and when the host name cannot be resolved. */
  readonly onAddress?: (report: AddressReport | ResolutionReport) => void
  /** Called when certificate files have changed and cannot be used. The earlier certificates stay in use. */
  readonly onCertificateProblem?: (error: Error) => void
}

export interface Exchange {
  readonly method: string
  /** Without the collection ID, which sites keep out of their logs. */
  readonly url: string
  readonly requestId: string
  readonly status?: number
  readonly durationMs: number
  /** Absent if the request succeeded or the caller aborted it. */
  readonly error?: TaskApiError
}

export interface NextTaskOptions {
  /** Queue to poll: `a` for availability, `b` for distributions; absent: no suffix. */
  readonly type?: 'a' | 'b'
  /** Asks the server to hold the poll until there is work (`Prefer: wait=`). Some servers ignore it. */
  readonly waitSeconds?: number
  readonly signal?: AbortSignal
}

export interface SubmitOptions {
  readonly signal?: AbortSignal
  /** Called after this request, in addition to the client's `onExchange`. */
  readonly onExchange?: (exchange: Exchange) => void
}

const REDACTED = '[REDACTED]'
// A shorter text is part of other words. To mask it there would give it away.
const MIN_SECRET_LENGTH = 8

/**
 * Fetches tasks from a Task API and submits results. Reuses connections, and leaves retries to the caller.
 * Every failure is a `TaskApiError`, except that aborting `signal` rejects with its reason. Disposing
 * aborts requests that are still running.
 */
export class TaskApiClient implements AsyncDisposable {
  readonly #base: URL
  readonly #collection: string
  readonly #route: Route
  readonly #http: HttpExchange
  readonly #headers: Readonly<Record<string, string>>
  readonly #secrets: readonly RegExp[]
  readonly #requestTimeoutMs: number
  readonly #newRequestId: () => string
  readonly #now: () => number
  readonly #onExchange: (exchange: Exchange) => void

  /** @throws TypeError for an invalid base URL, Error for a CA file that cannot be read. */
  constructor(options: TaskApiClientOptions) {
    const { username, password, collection, connectTimeoutMs = 10_000 } = options
    const basic = Buffer.from(`${username}:${password}`, 'utf8').toString('base64')
    this.#base = taskApiBase(options.baseUrl)
    this.#collection = collection
    this.#requestTimeoutMs = connectTimeoutMs + (options.requestTimeoutMs ?? 60_000)
    this.#newRequestId = options.newRequestId ?? randomUUID
    this.#now = options.now ?? Date.now
    this.#onExchange = options.onExchange ?? (() => {})
    this.#secrets = [basic, password, collection, encodeURIComponent(collection)]
      .filter(({ length }) => length >= MIN_SECRET_LENGTH)
      .map((secret) => new RegExp(`(?<!\\w)${RegExp.escape(secret)}(?!\\w)`, 'gu'))
    this.#headers = {
      authorization: `Basic ${basic}`,
      // JSON first: some servers redirect other clients to a login page.
      accept: 'application/json, */*;q=0.5',
      'accept-encoding': 'identity',
      'user-agent': options.userAgent,
      ...(options.workerId === undefined ? {} : { 'x-worker-id': options.workerId }),
    }
    this.#route = this.#openRoute(options, connectTimeoutMs)
    this.#http = new HttpExchange({
      route: this.#route,
      limits: {
        ...TASK_JSON_LIMITS,
        maxBytes: options.maxResponseBytes ?? TASK_JSON_LIMITS.maxBytes,
      },
    })
  }

  /** The addresses of the server as of the latest lookup, or those of the proxy. */
  get addresses(): AddressStatus[] {
    return this.#route.addresses
  }

  /** The next task as received (see `parseTask`), or null if there is none. */
  async nextTask(
    options: NextTaskOptions = {},
  ): Promise<{ body: unknown; requestId: string } | null> {
    const { type, waitSeconds = 0, signal } = options
    const suffix = type === undefined ? '' : `.${type}`
    return this.#exchange(
      {
        method: 'GET',
        path: ['task', 'nextjob', `${this.#collection}${suffix}`],
        shownPath: `task/nextjob/${REDACTED}${suffix}`,
        needsBody: true,
        headers: waitSeconds > 0 ? { prefer: `wait=${Math.ceil(waitSeconds)}` } : {},
        timeoutMs: this.#requestTimeoutMs + waitSeconds * 1000,
        patienceMs: this.#requestTimeoutMs / 2 + waitSeconds * 1000,
        signal,
      },
      (response, requestId) =>
        response.status === 204 ? null : { body: this.#json(response, requestId), requestId },
    )
  }

  /**
   * Submits a result. Any 2xx is `accepted`, unless its body is a web page: a proxy answers with a page
   * of its own when it cannot reach the server. 409 means that the task already has a result. It is
   * `accepted` if that may be this one, because the response to an earlier attempt was lost.
   */
  async submitResult(
    result: TaskResult,
    options: SubmitOptions = {},
  ): Promise<'accepted' | 'already-answered'> {
    const { uuid, collection_id: collection } = result
    return this.submitResultJson({ uuid, collection }, serializeResult(result), options)
  }

  /** `submitResult` of a result that is already JSON, in UTF-8 if it is bytes. It is sent as it is. */
  async submitResultJson(
    task: { readonly uuid: string; readonly collection: string },
    json: string | Buffer,
    options: SubmitOptions = {},
  ): Promise<'accepted' | 'already-answered'> {
    const { uuid, collection } = task
    return this.#exchange(
      {
        method: 'POST',
        path: ['task', 'result', uuid, collection === '' ? this.#collection : collection],
        shownPath: `task/result/${encodeURIComponent(uuid)}/${REDACTED}`,
        needsBody: false,
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: json,
        timeoutMs: this.#requestTimeoutMs,
        accept: 409,
        signal: options.signal,
        onExchange: options.onExchange,
      },
      (response, requestId) => {
        if (response.status === 409) return response.sentBefore ? 'accepted' : 'already-answered'
        if (isWebPage(response)) throw this.#webPageError(response, requestId)
        return 'accepted'
      },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#route[Symbol.asyncDispose]()
  }

  #openRoute(options: TaskApiClientOptions, connectTimeoutMs: number): Route {
    const { env = process.env, tls: files = {}, resolve = resolveHost } = options
    const { onAddress = () => {}, onCertificateProblem: onProblem = () => {} } = options
    const now = this.#now
    return new Route({
      base: this.#base,
      proxy: proxyFor(this.#base, env),
      connectTimeoutMs,
      tls: new ClientTls({ env, files, now, onProblem }),
      resolve,
      now,
      onReport: onAddress,
    })
  }

  async #exchange<T>(
    request: {
      method: 'GET' | 'POST'
      path: readonly string[]
      shownPath: string
      needsBody: boolean
      headers: Record<string, string>
      body?: string | Buffer
      timeoutMs: number
      patienceMs?: number
      accept?: number
      signal: AbortSignal | undefined
      onExchange?: ((exchange: Exchange) => void) | undefined
    },
    read: (response: HttpResponse, requestId: string) => T,
  ): Promise<T> {
    const { method, path, shownPath, accept } = request
    const requestId = this.#newRequestId()
    const started = performance.now()
    let status: number | undefined
    let failure: TaskApiError | undefined
    try {
      const response = await this.#http.send({
        ...request,
        url: this.#url(path),
        headers: { ...this.#headers, ...request.headers, 'x-request-id': requestId },
        requestId,
      })
      status = response.status
      if ((status < 200 || status > 299) && status !== accept) {
        throw this.#statusError(response, requestId)
      }
      return read(response, requestId)
    } catch (error: unknown) {
      if (error instanceof TaskApiError) {
        failure = error
        status ??= error.status
      }
      throw error
    } finally {
      const exchange: Exchange = {
        method,
        url: `${this.#base.href}/${shownPath}`,
        requestId,
        durationMs: performance.now() - started,
        ...(status === undefined ? {} : { status }),
        ...(failure === undefined ? {} : { error: failure }),
      }
      this.#onExchange(exchange)
      request.onExchange?.(exchange)
    }
  }

  #url(segments: readonly string[]): URL {
    const url = new URL(this.#base)
    const path = segments.map((segment) => encodeURIComponent(segment)).join('/')
    url.pathname = `${this.#base.pathname}/${path}`
    return url
  }

  #json(response: HttpResponse, requestId: string): unknown {
    try {
      return parseGuardedJson(response.body)
    } catch (error: unknown) {
      const type = (response.contentType ?? 'no content type').slice(0, 80)
      // The message of the parser quotes the body, so it is not attached as the cause.
      const problem =
        error instanceof SyntaxError ? 'the response is not JSON' : 'cannot read the response'
      throw new TaskApiError(`${problem} (${type}, ${response.body.length} bytes)`, {
        kind: 'invalid-response',
        code: 'NOT_JSON',
        status: response.status,
        requestId,
      })
    }
  }

  #webPageError({ status }: HttpResponse, requestId: string): TaskApiError {
    return new TaskApiError(`${this.#base.host} returned ${status} with a web page`, {
      kind: 'invalid-response',
      code: 'WEB_PAGE',
      status,
      requestId,
    })
  }

  #statusError(response: HttpResponse, requestId: string): TaskApiError {
    const { status } = response
    const retryAfterMs = parseRetryAfter(response.retryAfter, this.#now(), response.date)
    const reason = this.#redact(readReason(response.body))
    const message = `${this.#base.host} returned ${status}${reason === '' ? '' : `: ${reason}`}`
    return new TaskApiError(message, {
      kind: classifyStatus(status),
      code: `HTTP_${status}`,
      status,
      requestId,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })
  }

  #redact(text: string): string {
    let redacted = text
    for (const secret of this.#secrets) redacted = redacted.replaceAll(secret, REDACTED)
    return redacted
  }
}

function classifyStatus(status: number): TaskApiError['kind'] {
  if (status === 401 || status === 403) return 'authentication'
  // 408 and 425 are the two other 4xx that allow a retry.
  if (status === 408 || status === 425 || status === 429 || status >= 500) return 'unavailable'
  return status >= 400 ? 'rejected' : 'invalid-response'
}

// `Job saved` may be labelled as text/html, so the type alone does not make a page.
function isWebPage({ contentType, body }: HttpResponse): boolean {
  const start = body.toString('utf8', 0, 256).trimStart()
  const labelled = /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(contentType ?? '')
  return labelled ? start.startsWith('<') : /^<(?:!doctype\s+html|html)\b/i.test(start)
}

const MAX_REASON_LENGTH = 200

// Servers give the reason in one of these members. Other bodies, such as HTML, do not belong in a log line.
function readReason(body: Buffer): string {
  if (body.length > 64 * 1024) return ''
  try {
    const json: unknown = JSON.parse(body.toString('utf8'))
    if (!isJsonObject(json)) return ''
    for (const name of ['message', 'detail', 'title', 'error'] as const) {
      const reason = json[name]
      if (typeof reason !== 'string' || reason.trim() === '') continue
      // eslint-disable-next-line no-control-regex -- prevents a server from forging log lines
      return reason.slice(0, MAX_REASON_LENGTH).replaceAll(/[\u0000-\u001f\u007f]+/g, ' ')
    }
  } catch {
    // Not JSON: no reason to show.
  }
  return ''
}
