import {
  addressReportFields,
  serializeResultBytes,
  taskApiBase,
  TaskApiClient,
  type AddressReport,
  type AddressStatus,
  type ClientTlsFiles,
  type Exchange,
  type ResolutionReport,
  type ResolveHost,
  type EncodedResult,
} from '@warren/task-api'
import { newRequestId, type Logger } from '@warren/runtime'
import { BunnyEvent } from './log-events.ts'
import type { Submission } from './outbox/outbox.ts'
import type { TaskKind } from './outbox/task-store.ts'

export interface RelayLinkOptions {
  readonly baseUrl: string
  readonly username: string
  readonly password: string
  readonly collection: string
  readonly type: 'a' | 'b' | undefined
  readonly version: string
  readonly workerId: string
  readonly requestTimeoutMs: number
  readonly env: NodeJS.ProcessEnv
  readonly tls?: ClientTlsFiles
  /** Default: as the system resolves names. */
  readonly resolve?: ResolveHost
  readonly log: Logger
}

const REDACTED = '[REDACTED]'

/** The suffix of the collection ID that selects tasks of one kind. */
const TYPE_OF = { availability: 'a', distribution: 'b' } as const

/** The connection to the relay: the Task API client, with each exchange logged. */
export class RelayLink implements AsyncDisposable {
  readonly #client: TaskApiClient
  readonly #log: Logger
  readonly #type: 'a' | 'b' | undefined
  readonly #base: string
  /** The ID of the latest request: the client assigns it synchronously, before its first `await`. */
  #requestId = ''
  readonly #statuses = new Map<string, number>()

  constructor(options: RelayLinkOptions) {
    const { baseUrl, username, password, collection, type, version, workerId, log } = options
    this.#log = log
    this.#type = type
    this.#base = taskApiBase(baseUrl).href.replace(/\/$/, '')
    this.#client = new TaskApiClient({
      baseUrl,
      username,
      password,
      collection,
      userAgent: `warren-bunny/${version}`,
      workerId,
      requestTimeoutMs: options.requestTimeoutMs,
      env: options.env,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
      newRequestId: () => {
        this.#requestId = newRequestId()
        return this.#requestId
      },
      onExchange: (exchange) => this.#onExchange(exchange),
      onAddress: (report) => logAddress(log, report),
      onCertificateProblem: ({ message }) =>
        log.error({ detail: message }, BunnyEvent.certificatesNotReplaced),
    })
  }

  /** The addresses of the relay, or of the proxy, and whether they work. For metrics and checks. */
  get addresses(): AddressStatus[] {
    return this.#client.addresses
  }

  /** For the log, without the collection ID, which is secret. */
  get pollUrl(): string {
    return this.#pollUrlFor(this.#type)
  }

  #pollUrlFor(type: 'a' | 'b' | undefined): string {
    return `${this.#base}/task/nextjob/${REDACTED}${type === undefined ? '' : `.${type}`}`
  }

  resultUrl(taskId: string): string {
    return `${this.#base}/task/result/${encodeURIComponent(taskId)}/${REDACTED}`
  }

  /** `only`: tasks of one kind, although both are configured. */
  poll(options: {
    waitSeconds?: number
    only?: TaskKind
    signal: AbortSignal
  }): Promise<{ body: unknown; requestId: string } | null> {
    const { waitSeconds, only, signal } = options
    const type = only === undefined ? this.#type : TYPE_OF[only]
    const response = this.#client.nextTask({
      ...(type === undefined ? {} : { type }),
      ...(waitSeconds === undefined ? {} : { waitSeconds }),
      signal,
    })
    const waitMs = (waitSeconds ?? 0) * 1000
    this.#log.debug(
      { requestId: this.#requestId, url: this.#pollUrlFor(type), waitMs },
      BunnyEvent.pollSent,
    )
    return response
  }

  async submit(result: EncodedResult, signal: AbortSignal): Promise<Submission> {
    const { uuid, collection_id: collection } = result
    const json = serializeResultBytes(result)
    const response = this.#client.submitResultJson({ uuid, collection }, json, { signal })
    const requestId = this.#requestId
    try {
      const outcome = await response
      return { outcome, requestId, status: this.#statuses.get(requestId) ?? 200 }
    } finally {
      this.#statuses.delete(requestId)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]()
  }

  #onExchange({ method, requestId, status, durationMs }: Exchange): void {
    if (status === undefined) return
    if (method === 'POST') this.#statuses.set(requestId, status)
    else {
      this.#log.debug(
        { requestId, status, durationMs: Math.round(durationMs) },
        BunnyEvent.pollAnswered,
      )
    }
  }
}

function logAddress(log: Logger, report: AddressReport | ResolutionReport): void {
  const fields = addressReportFields(report)
  switch (report.change) {
    case 'failing':
    case 'still-failing':
      // Without IPv6, an IPv6 address is unreachable at all times.
      if (report.failure === 'unreachable') log.info(fields, BunnyEvent.addressFailing)
      else log.warn(fields, BunnyEvent.addressFailing)
      break
    case 'recovered':
    case 'removed':
      log.info(fields, BunnyEvent.addressRecovered)
      break
    case 'unresolved':
      log.warn(fields, BunnyEvent.nameUnresolved)
      break
    case 'resolved':
      log.info(fields, BunnyEvent.nameResolved)
      break
    default:
      report satisfies never
  }
}
