// Node.js fires a longer timer immediately, which would turn a long wait into a busy loop.
const MAX_TIMER_MS = 2 ** 31 - 1

/** Waits `ms` milliseconds. Resolves early, without an error, as soon as `signal` is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve()
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, Math.min(Math.max(ms, 0), MAX_TIMER_MS))
    signal?.addEventListener('abort', finish, { once: true })
  })
}

/** Resolves when `signal` is aborted. A service waits for this after it has started. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
