import type { IncomingMessage } from 'node:http'
import { ByteBudget, ByteBudgetError } from './byte-budget.ts'
import { BodyError, type BodyPace, declaredLength, readBody } from './read-body.ts'

export interface BodyIntakeOptions {
  /** Largest body accepted, bytes. Counts the bytes received, not Content-Length. */
  readonly maxBytes: number
  /** The slowest body that is accepted. */
  readonly pace?: BodyPace
  /** How long a body may wait until there is memory for it, ms. */
  readonly waitMs?: number
}

export interface BodyRequest {
  readonly request: IncomingMessage
  /** Who sends the body. Each party has its own share of the memory. */
  readonly party: string
  /** Aborts when the client has disconnected. */
  readonly disconnect: AbortSignal
  /** Sees every chunk before it is kept. What it throws rejects the body. */
  readonly check: (chunk: Buffer) => void
}

/** A body in memory. Dispose it once it is used. */
export interface ReceivedBody extends Disposable {
  /** Without a byte order mark. */
  readonly bytes: Buffer
}

const BYTE_ORDER_MARK = Buffer.from('\uFEFF')
// Bodies of this size never wait for large ones.
const SMALL_BYTES = 65_536
const SMALL_AT_ONCE_PER_PARTY = 16
const SMALL_AT_ONCE = 512
// Largest bodies of different parties that may be arriving at once.
const LARGEST_AT_ONCE = 4
const MAX_WAITING_PER_PARTY = 16

/**
 * Receives bodies. Memory is reserved before a body is read: for every party one body of the largest size and some small
 * ones, and a total for all parties. A body for which there is no memory waits unread, and TCP slows its client down.
 * Using a body takes several times its memory, so large bodies are used one after another.
 */
export class BodyIntake {
  readonly #maxBytes: number
  readonly #pace: BodyPace | undefined
  readonly #small: ByteBudget
  readonly #large: ByteBudget
  readonly #inUse: ByteBudget

  constructor({ maxBytes, pace, waitMs = 30_000 }: BodyIntakeOptions) {
    this.#maxBytes = maxBytes
    this.#pace = pace
    const waiting = { maxWaiting: MAX_WAITING_PER_PARTY, waitMs }
    this.#small = new ByteBudget({
      total: SMALL_AT_ONCE * SMALL_BYTES,
      perParty: SMALL_AT_ONCE_PER_PARTY * SMALL_BYTES,
      ...waiting,
    })
    const total = LARGEST_AT_ONCE * maxBytes
    this.#large = new ByteBudget({ total, perParty: maxBytes, ...waiting })
    this.#inUse = new ByteBudget({ total: maxBytes, perParty: maxBytes, ...waiting })
  }

  /** @throws BodyError, and whatever `check` throws */
  async receive({ request, party, disconnect, check }: BodyRequest): Promise<ReceivedBody> {
    const bytes = declaredLength(request) ?? this.#maxBytes
    if (bytes > this.#maxBytes) throw new BodyError('too large')
    const isSmall = bytes <= SMALL_BYTES
    using arriving = new DisposableStack()
    const budget = isSmall ? this.#small : this.#large
    arriving.use(await reserve(budget, party, bytes, disconnect))
    const body = await readBody(request, {
      check,
      ...(this.#pace === undefined ? {} : { pace: this.#pace }),
    })
    const received = withoutByteOrderMark(body)
    if (isSmall) return { bytes: received, [Symbol.dispose]: () => {} }
    const inUse = await reserve(this.#inUse, party, body.length, disconnect)
    return { bytes: received, [Symbol.dispose]: () => inUse[Symbol.dispose]() }
  }
}

async function reserve(
  budget: ByteBudget,
  party: string,
  bytes: number,
  disconnect: AbortSignal,
): Promise<Disposable> {
  try {
    return await budget.reserve(party, bytes, disconnect)
  } catch (error: unknown) {
    if (error instanceof ByteBudgetError) throw new BodyError('no memory')
    throw error
  }
}

function withoutByteOrderMark(body: Buffer): Buffer {
  return body.subarray(0, 3).equals(BYTE_ORDER_MARK) ? body.subarray(3) : body
}
