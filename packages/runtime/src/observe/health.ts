export interface CheckResult {
  ok: boolean
  /** To the tenth. */
  durationMs: number
  /** Why the check failed. */
  detail?: string
}

export interface Readiness {
  ok: boolean
  checks: Record<string, CheckResult>
}

/** Named checks behind `/readyz`, which must all pass for the program to be ready. */
export class Health {
  readonly #checks = new Map<string, () => Promise<void>>()
  readonly #running = new Map<string, Promise<void>>()
  readonly #timeoutMs: number
  #stopping = false

  /** A check that takes longer than `timeoutMs` (default 2,000) fails. */
  constructor({ timeoutMs = 2_000 }: { timeoutMs?: number } = {}) {
    this.#timeoutMs = timeoutMs
  }

  /** Adds a check, which resolves on success and rejects with the reason of a failure. */
  check(name: string, check: () => Promise<void>): void {
    this.#checks.set(name, check)
  }

  /** Makes every later check of readiness fail, so that load balancers use other instances before the sockets close. */
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
        () => reject(new Error(`timed out after ${this.#timeoutMs} ms`)),
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

  /** Probes arrive every few seconds: they share a check that hangs instead of starting it again. */
  #shared(name: string, check: () => Promise<void>): Promise<void> {
    const running = this.#running.get(name)
    if (running !== undefined) return running
    const started = Promise.resolve()
      .then(check)
      .finally(() => this.#running.delete(name))
    // The failure may come after the timeout was reported, when no caller waits for it.
    started.catch(() => {})
    this.#running.set(name, started)
    return started
  }
}
