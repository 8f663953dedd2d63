export interface UntilOptions {
  /** Gives up after so long, 10,000 ms unless told. */
  timeoutMs?: number
  /** Looks again after so long, 25 ms unless told. */
  everyMs?: number
  /** What is waited for, to say when it never came. */
  what?: string
}

/**
 * Waits until `condition` returns something truthy, and returns that. A condition that throws counts as not yet;
 * its last error is the cause of the one thrown when time is up.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<NonNullable<T>> {
  const { timeoutMs = 10_000, everyMs = 25, what = 'the condition' } = options
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
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}`, { cause: lastError })
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
