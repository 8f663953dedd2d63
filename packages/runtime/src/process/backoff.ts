export interface BackoffOptions {
  initialMs: number
  /** The longest wait. */
  maxMs: number
  /** Growth per failure. Default 2. */
  factor?: number
  /** The share of a wait (0 to 1) that is random, so that programs that failed together retry at different times. Default 0.2. */
  jitter?: number
  random?: () => number
}

/** Waits between attempts that grow up to a maximum, with jitter. */
export class Backoff {
  readonly #initialMs: number
  readonly #maxMs: number
  readonly #factor: number
  readonly #jitter: number
  readonly #random: () => number
  #plannedMs: number

  constructor(options: BackoffOptions) {
    this.#initialMs = options.initialMs
    this.#maxMs = options.maxMs
    this.#factor = options.factor ?? 2
    this.#jitter = options.jitter ?? 0.2
    this.#random = options.random ?? Math.random
    this.#plannedMs = Math.min(this.#initialMs, this.#maxMs)
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const plannedMs = this.#plannedMs
    this.#plannedMs = Math.min(plannedMs * this.#factor, this.#maxMs)
    return Math.round(plannedMs * (1 - this.#jitter * this.#random()))
  }

  /** Call it after a success: the next failure waits `initialMs` again. */
  reset(): void {
    this.#plannedMs = Math.min(this.#initialMs, this.#maxMs)
  }
}
