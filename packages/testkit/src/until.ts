export interface UntilOptions {
  /** Default 20,000: a condition of a second may take that long on a busy machine. */
  timeoutMs?: number
  /** The time between two checks. Default 25. */
  everyMs?: number
  /** Names the condition in the error. */
  what?: string
}

/**
 * Waits until `condition` returns a truthy value, and returns that value. A condition that throws is checked again; its
 * last error is the cause of the timeout error.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<NonNullable<T>> {
  const { timeoutMs = 20_000, everyMs = 25, what = 'the condition' } = options
  const deadline = performance.now() + timeoutMs
  let lastError: unknown
  for (;;) {
    try {
      const result = await condition()
      if (result) return result
      lastError = undefined
    } catch (error: unknown) {
      lastError = error
    }
    if (performance.now() >= deadline) {
      throw new Error(`timed out after ${timeoutMs} ms while waiting for ${what}`, {
        cause: lastError,
      })
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
