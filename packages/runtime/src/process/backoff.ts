export interface BackoffOptions {
  initialMs: number
  /** No wait is ever longer. */
  maxMs: number
  /** Growth per failure, 2 unless told. */
  factor?: number
  /** Share of a wait that chance may take away, 0 to 1, 0.2 unless told: clients that failed together come back apart. */
  jitter?: number
  random?: () => number
}

/** Waits between attempts: each longer than the last up to a maximum, with jitter. */
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

  /** To call after a success: the next failure waits `initialMs` again. */
  reset(): void {
    this.#plannedMs = Math.min(this.#initialMs, this.#maxMs)
  }
}
