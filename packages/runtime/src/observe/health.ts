export interface CheckResult {
  ok: boolean
  /** To the tenth. */
  durationMs: number
  /** Why not, for the person who looks at the probe. */
  detail?: string
}

export interface Readiness {
  ok: boolean
  checks: Record<string, CheckResult>
}

/** What has to work for the program to be of use: named checks behind `/readyz`. */
export class Health {
  readonly #checks = new Map<string, () => Promise<void>>()
  readonly #running = new Map<string, Promise<void>>()
  readonly #timeoutMs: number
  #stopping = false

  /** A check that takes longer than `timeoutMs`, 2,000 unless told, has failed. */
  constructor({ timeoutMs = 2_000 }: { timeoutMs?: number } = {}) {
    this.#timeoutMs = timeoutMs
  }

  /** Adds a check: resolves when all is well, rejects with the reason when not. */
  check(name: string, check: () => Promise<void>): void {
    this.#checks.set(name, check)
  }

  /** Turns readiness off for good: the balancer has to look elsewhere before sockets close. */
  markStopping(): void {
    this.#stopping = true
  }

  async ready(): Promise<Readiness> {
    const results = await Promise.all(
      [...this.#checks].map(async ([name, check]) => [name, await this.#run(name, check)] as const),
    )
    const checks: Record<string, CheckResult> = Object.fromEntries(results)
    if (this.#stopping) checks['process'] = { ok: false, durationMs: 0, detail: 'stopping' }
    return { ok: Object.values(checks).every((result) => result.ok), checks }
  }

  async #run(name: string, check: () => Promise<void>): Promise<CheckResult> {
    const start = performance.now()
    const result = (ok: boolean, detail?: string): CheckResult => ({
      ok,
      durationMs: Math.round((performance.now() - start) * 10) / 10,
      ...(detail !== undefined && { detail }),
    })
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`no answer within ${this.#timeoutMs} ms`)),
        this.#timeoutMs,
      )
    })
    try {
      await Promise.race([this.#shared(name, check), timeout])
      return result(true)
    } catch (error: unknown) {
      return result(false, error instanceof Error ? error.message : String(error))
    } finally {
      clearTimeout(timer)
    }
  }

  /** Probes come every few seconds: a check that hangs is joined, not started again each time. */
  #shared(name: string, check: () => Promise<void>): Promise<void> {
    const running = this.#running.get(name)
    if (running !== undefined) return running
    const started = Promise.resolve()
      .then(check)
      .finally(() => this.#running.delete(name))
    // Somebody may have stopped waiting for it: its failure was reported as a timeout.
    started.catch(() => {})
    this.#running.set(name, started)
    return started
  }
}
