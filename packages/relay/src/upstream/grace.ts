/**
 * The signal for one exchange that begins now: it follows `stop`, but leaves the exchange `graceMs` to end by itself.
 * What has been held for longer, or not begun, ends at once. Dispose it when the exchange is over.
 */
export function withGrace(
  stop: AbortSignal,
  graceMs: number,
): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  const endsAt = performance.now() + graceMs
  let timer: NodeJS.Timeout | undefined
  const onStop = (): void => {
    timer = setTimeout(abort, Math.max(0, endsAt - performance.now()))
  }
  if (stop.aborted) abort()
  else stop.addEventListener('abort', onStop, { once: true })
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      stop.removeEventListener('abort', onStop)
      clearTimeout(timer)
    },
  }
}
