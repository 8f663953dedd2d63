import { newRequestId } from '@warren/runtime'
import { TaskApiClient, type TaskApiClientOptions, type TaskResult } from '@warren/task-api'

export interface Submission {
  readonly outcome: 'accepted' | 'already-answered'
  /** What the upstream answered; both sides' logs have the request id. */
  readonly status: number | undefined
  readonly requestId: string | undefined
}

export type UpstreamClientOptions = Omit<TaskApiClientOptions, 'newRequestId' | 'onExchange'>

/** A Task API client that also tells by which request, and with which status, a result was taken. */
export class UpstreamClient implements AsyncDisposable {
  readonly #client: TaskApiClient
  readonly #statuses = new Map<string, number | undefined>()
  #lastRequestId: string | undefined

  constructor(options: UpstreamClientOptions) {
    this.#client = new TaskApiClient({
      ...options,
      newRequestId: () => {
        this.#lastRequestId = newRequestId()
        return this.#lastRequestId
      },
      onExchange: ({ requestId, status }) => {
        if (this.#statuses.has(requestId)) this.#statuses.set(requestId, status)
      },
    })
  }

  nextTask(
    options: Parameters<TaskApiClient['nextTask']>[0],
  ): ReturnType<TaskApiClient['nextTask']> {
    return this.#client.nextTask(options)
  }

  async submitResult(
    result: TaskResult,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Submission> {
    this.#lastRequestId = undefined
    const submitting = this.#client.submitResult(result, options)
    // The id is made before the client first waits for anything, so it is this call's.
    const requestId: string | undefined = this.#lastRequestId
    if (requestId !== undefined) this.#statuses.set(requestId, undefined)
    try {
      const outcome = await submitting
      const status = requestId === undefined ? undefined : this.#statuses.get(requestId)
      return { outcome, status, requestId }
    } finally {
      if (requestId !== undefined) this.#statuses.delete(requestId)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]()
  }
}
