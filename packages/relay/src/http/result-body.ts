import {
  BodyError,
  BodyIntake,
  type BodyIntakeOptions,
  isPlainJson,
  type ReceivedBody,
} from '@warren/runtime/http'
import { JsonGuard, JsonLimitError, RESULT_JSON_LIMITS } from '@warren/task-api'
import type { FastifyRequest } from 'fastify'
import { ApiError } from './api-errors.ts'

// Seconds after which a bunny may retry.
const BUSY_RETRY_S = 5

/** Receives results within the limits for JSON. They are not parsed yet. */
export class ResultBodies {
  readonly #maxBytes: number
  readonly #intake: BodyIntake

  constructor(options: BodyIntakeOptions) {
    this.#maxBytes = options.maxBytes
    this.#intake = new BodyIntake(options)
  }

  /**
   * Reads the body of a request of a node. `disconnect` aborts when the client has disconnected.
   * @throws ApiError
   */
  async receive(
    nodeId: string,
    request: FastifyRequest,
    disconnect: AbortSignal,
  ): Promise<ReceivedBody> {
    const guard = new JsonGuard({ ...RESULT_JSON_LIMITS, maxBytes: this.#maxBytes })
    try {
      return await this.#intake.receive({
        request: request.raw,
        party: nodeId,
        disconnect,
        check: (chunk) => guard.push(chunk),
      })
    } catch (error: unknown) {
      throw this.#toApiError(error)
    }
  }

  #toApiError(error: unknown): unknown {
    if (error instanceof JsonLimitError) {
      if (error.limit === 'bytes') return this.#tooLarge()
      return new ApiError('RELAY_MALFORMED_RESULT', {
        detail: `The body is too complex: ${error.message}`,
      })
    }
    if (!(error instanceof BodyError)) return error
    const detail = error.message
    switch (error.reason) {
      case 'too large':
        return this.#tooLarge()
      case 'too slow':
        return new ApiError('RELAY_BODY_TOO_SLOW', { detail })
      case 'no memory':
        return new ApiError('RELAY_BUSY', { detail, retryAfterSeconds: BUSY_RETRY_S })
      case 'cut off':
        return new ApiError('RELAY_BAD_REQUEST', { detail })
      default:
        return error.reason satisfies never
    }
  }

  #tooLarge(): ApiError {
    const detail = `The result is larger than ${this.#maxBytes} bytes`
    return new ApiError('RELAY_BODY_TOO_LARGE', { detail })
  }
}

/** @throws ApiError if the headers announce anything but plain JSON. */
export function assertJson({ headers }: FastifyRequest): void {
  if (!isPlainJson(headers)) throw new ApiError('RELAY_UNSUPPORTED_MEDIA_TYPE')
}
