import { BodyError, BodyIntake, isPlainJson, type ReceivedBody } from '@warren/runtime/http'
import { JsonGuard, JsonLimitError, type JsonLimits } from '@warren/task-api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { UpstreamError } from '../upstream-error.ts'

// Seconds after which a client may retry.
const BUSY_RETRY_S = 5

/** Receives JSON bodies within the limits. They are not parsed yet. */
export class JsonBodies {
  readonly #limits: JsonLimits
  readonly #intake: BodyIntake

  constructor(limits: JsonLimits) {
    this.#limits = limits
    this.#intake = new BodyIntake({ maxBytes: limits.maxBytes })
  }

  /** `party`: who sends the body, for a share of the memory. @throws UpstreamError */
  async receive(
    party: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<ReceivedBody> {
    if (!isPlainJson(request.headers)) throw new UpstreamError('NOT_JSON')
    const guard = new JsonGuard(this.#limits)
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    try {
      return await this.#intake.receive({
        request: request.raw,
        party,
        disconnect: gone.signal,
        check: (chunk) => guard.push(chunk),
      })
    } catch (error: unknown) {
      throw this.#toUpstreamError(error)
    }
  }

  #toUpstreamError(error: unknown): unknown {
    if (error instanceof JsonLimitError) {
      if (error.limit === 'bytes') return this.#tooLarge()
      return new UpstreamError('BAD_REQUEST', {
        detail: `The body is too complex: ${error.message}`,
      })
    }
    if (!(error instanceof BodyError)) return error
    const detail = error.message
    switch (error.reason) {
      case 'too large':
        return this.#tooLarge()
      case 'too slow':
        return new UpstreamError('BODY_TOO_SLOW', { detail })
      case 'no memory':
        return new UpstreamError('BUSY', { detail, retryAfterSeconds: BUSY_RETRY_S })
      case 'cut off':
        return new UpstreamError('BAD_REQUEST', { detail })
      default:
        return error.reason satisfies never
    }
  }

  #tooLarge(): UpstreamError {
    const detail = `The body is larger than ${this.#limits.maxBytes} bytes`
    return new UpstreamError('BODY_TOO_LARGE', { detail })
  }
}

/** @throws UpstreamError if the bytes are not JSON. */
export function parseJsonBody({ bytes }: ReceivedBody): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    // The parser's message quotes the body, which must not reach a response or a log.
    const detail = bytes.length === 0 ? 'The request has no body' : 'The body is not JSON'
    throw new UpstreamError('BAD_REQUEST', { detail })
  }
}
