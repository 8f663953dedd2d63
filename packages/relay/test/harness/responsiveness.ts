import { setTimeout as delay } from 'node:timers/promises'

export interface Responsiveness {
  /** The longest time that /livez took, ms. */
  readonly slowestMs: number
  readonly failures: number
  readonly probes: number
}

/** Probes /livez every 20 ms until the work is done. */
export async function measureResponsiveness(
  url: string,
  work: Promise<unknown>,
): Promise<Responsiveness> {
  const ended = new AbortController()
  const done = work.finally(() => ended.abort())
  let slowestMs = 0
  let failures = 0
  let probes = 0
  while (!ended.signal.aborted) {
    const started = performance.now()
    const ok = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(10_000) }).then(
      async (response) => {
        await response.text()
        return response.ok
      },
      () => false,
    )
    probes += 1
    if (!ok) failures += 1
    slowestMs = Math.max(slowestMs, performance.now() - started)
    await delay(20)
  }
  await done
  return { slowestMs, failures, probes }
}
