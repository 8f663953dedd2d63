import {
  BodyError,
  type BodyPace,
  ByteBudget,
  ByteBudgetError,
  declaredLength,
  readBody,
} from '@warren/runtime/http'
import { JsonGuard, JsonLimitError, RESULT_JSON_LIMITS } from '@warren/task-api'
import type { FastifyRequest } from 'fastify'
import { ApiError } from './api-errors.ts'

export interface ResultBodyOptions {
  /** Largest body accepted, bytes. Counts the bytes received, not Content-Length. */
  readonly maxBytes: number
  /** The slowest body that is accepted. */
  readonly pace?: BodyPace
  /** How long a result may wait until there is memory for it, ms. */
  readonly waitMs?: number
}

/** A result within the limits for JSON, not parsed yet. Dispose it once it is stored. */
export interface ReceivedResult extends Disposable {
  readonly json: Buffer
}

const JSON_TYPE = /^(?:application|text)\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i

const BYTE_ORDER_MARK = Buffer.from('\uFEFF')
// Results of this size never wait for large ones.
const SMALL_BYTES = 65_536
const SMALL_AT_ONCE_PER_NODE = 16
const SMALL_AT_ONCE = 512
// Largest results of different nodes that may be arriving at once.
const LARGEST_AT_ONCE = 4
const MAX_WAITING_PER_NODE = 16
// Seconds after which a bunny may retry.
const BUSY_RETRY_S = 5

/**
 * Receives results. Memory is reserved before a body is read: for every node one result of the largest size and some
 * small ones, and a total for all nodes. A result for which there is no memory waits unread, and TCP slows its client
 * down. Parsing and storing takes several times the memory of the body, so large results do that one after another.
 */
export class ResultBodies {
  readonly #options: ResultBodyOptions
  readonly #small: ByteBudget
  readonly #large: ByteBudget
  readonly #storing: ByteBudget

  constructor(options: ResultBodyOptions) {
    this.#options = options
    const { maxBytes, waitMs = 30_000 } = options
    const waiting = { maxWaiting: MAX_WAITING_PER_NODE, waitMs }
    this.#small = new ByteBudget({
      total: SMALL_AT_ONCE * SMALL_BYTES,
      perParty: SMALL_AT_ONCE_PER_NODE * SMALL_BYTES,
      ...waiting,
    })
    this.#large = new ByteBudget({
      total: LARGEST_AT_ONCE * maxBytes,
      perParty: maxBytes,
      ...waiting,
    })
    this.#storing = new ByteBudget({ total: maxBytes, perParty: maxBytes, ...waiting })
  }

  /**
   * Reads the body of a request of a node. `disconnect` aborts when the client has disconnected.
   * @throws ApiError
   */
  async receive(
    nodeId: string,
    request: FastifyRequest,
    disconnect: AbortSignal,
  ): Promise<ReceivedResult> {
    const { maxBytes } = this.#options
    const bytes = declaredLength(request.raw) ?? maxBytes
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    const isSmall = bytes <= SMALL_BYTES
    try {
      using arriving = new DisposableStack()
      const budget = isSmall ? this.#small : this.#large
      arriving.use(await budget.reserve(nodeId, bytes, disconnect))
      const body = withoutByteOrderMark(await this.#read(request))
      if (isSmall) return { json: body, [Symbol.dispose]: () => {} }
      const storing = await this.#storing.reserve(nodeId, body.length, disconnect)
      return { json: body, [Symbol.dispose]: () => storing[Symbol.dispose]() }
    } catch (error: unknown) {
      throw asApiError(error, maxBytes)
    }
  }

  #read(request: FastifyRequest): Promise<Buffer> {
    const { maxBytes, pace } = this.#options
    const guard = new JsonGuard({ ...RESULT_JSON_LIMITS, maxBytes })
    return readBody(request.raw, {
      check: (chunk) => guard.push(chunk),
      ...(pace === undefined ? {} : { pace }),
    })
  }
}

/** @throws ApiError if the headers announce anything but plain JSON. */
export function assertJson({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') {
    const detail = `Content-Encoding ${encoding.slice(0, 40)} is not supported`
    throw new ApiError('RELAY_UNSUPPORTED_MEDIA_TYPE', { detail })
  }
  if (!JSON_TYPE.test(headers['content-type'] ?? '')) {
    throw new ApiError('RELAY_UNSUPPORTED_MEDIA_TYPE')
  }
}

function withoutByteOrderMark(body: Buffer): Buffer {
  return body.subarray(0, 3).equals(BYTE_ORDER_MARK) ? body.subarray(3) : body
}

function asApiError(error: unknown, maxBytes: number): unknown {
  if (error instanceof JsonLimitError) {
    if (error.limit === 'bytes') return tooLarge(maxBytes)
    return new ApiError('RELAY_MALFORMED_RESULT', { detail: `The body has ${error.message}` })
  }
  if (error instanceof ByteBudgetError) {
    const detail = 'Too many large results are being sent at once'
    return new ApiError('RELAY_BUSY', { detail, retryAfterSeconds: BUSY_RETRY_S, cause: error })
  }
  if (error instanceof BodyError) {
    const code = error.reason === 'too slow' ? 'RELAY_BODY_TOO_SLOW' : 'RELAY_BAD_REQUEST'
    return new ApiError(code, { detail: error.message })
  }
  return error
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError('RELAY_BODY_TOO_LARGE', {
    detail: `The result is larger than ${maxBytes} bytes`,
  })
}
