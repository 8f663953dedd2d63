import type { IncomingMessage } from 'node:http'

/** The slowest client that is still served. A body of n bytes takes at most `pauseMs` plus n / `bytesPerSecond`. */
export interface BodyPace {
  /** How long the client may send nothing, ms. */
  readonly pauseMs: number
  readonly bytesPerSecond: number
}

export const SLOWEST_BODY: BodyPace = { pauseMs: 30_000, bytesPerSecond: 65_536 }

/** Longest time in which a body of this size arrives, ms. */
export function longestBodyMs(bytes: number, pace: BodyPace = SLOWEST_BODY): number {
  return Math.ceil(pace.pauseMs + (bytes / pace.bytesPerSecond) * 1_000)
}

const PROBLEMS = {
  'too large': 'The body is too large',
  'too slow': 'The body arrives too slowly',
  'cut off': 'The connection was closed before the end of the body',
  'no memory': 'Too many large bodies are being sent at once',
} as const

/** A body that was not received. */
export class BodyError extends Error {
  override readonly name = 'BodyError'
  readonly reason: keyof typeof PROBLEMS

  constructor(reason: keyof typeof PROBLEMS) {
    super(PROBLEMS[reason])
    this.reason = reason
  }
}

export interface ReadBodyOptions {
  /** Sees every chunk before it is kept. What it throws rejects the body. */
  readonly check: (chunk: Buffer) => void
  /** Default `SLOWEST_BODY`. */
  readonly pace?: BodyPace
}

/**
 * Reads the body of a request into memory. The rest of a rejected body is discarded as it arrives, so that the client
 * can read the response: if the connection closed instead, the client would see a broken connection and send it again.
 * @throws BodyError, and whatever `check` throws
 */
export function readBody(
  request: IncomingMessage,
  { check, pace = SLOWEST_BODY }: ReadBodyOptions,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const body = new GrowingBuffer(declaredLength(request) ?? 0)
    let deadline = performance.now() + pace.pauseMs

    const stop = (): void => {
      clearTimeout(timer)
      request.off('data', onData).off('end', onEnd).off('close', onCutOff).off('error', onCutOff)
    }
    const fail = (error: unknown): void => {
      stop()
      request.resume()
      reject(error)
    }
    const onData = (chunk: Buffer): void => {
      const now = performance.now()
      const earnedMs = (chunk.length / pace.bytesPerSecond) * 1_000
      // Never more than one pause ahead: a client that sends nearly everything at once may not stop for minutes.
      deadline = Math.min(deadline + earnedMs, now + pace.pauseMs)
      try {
        check(chunk)
      } catch (error: unknown) {
        fail(error)
        return
      }
      body.append(chunk)
    }
    const onEnd = (): void => {
      stop()
      resolve(body.bytes())
    }
    const onCutOff = (): void => {
      fail(new BodyError('cut off'))
    }
    const onTime = (): void => {
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) fail(new BodyError('too slow'))
      else timer = setTimeout(onTime, leftMs)
    }
    let timer = setTimeout(onTime, pace.pauseMs)

    // The client may have disconnected before this was called.
    if (request.destroyed) {
      onCutOff()
      return
    }
    request.on('data', onData).on('end', onEnd).on('close', onCutOff).on('error', onCutOff)
  })
}

/** Content-Length, which Node.js has checked; undefined for a body in chunks. */
export function declaredLength(request: IncomingMessage): number | undefined {
  const length = request.headers['content-length']
  return length === undefined ? undefined : Number(length)
}

/** Collects chunks without keeping each of them and then a copy, which would take twice the memory. */
class GrowingBuffer {
  #buffer: Buffer
  #length = 0

  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafeSlow(capacity)
  }

  append(chunk: Buffer): void {
    const needed = this.#length + chunk.length
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length))
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    chunk.copy(this.#buffer, this.#length)
    this.#length = needed
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }
}
