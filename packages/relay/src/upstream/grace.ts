/**
 * A signal for a request that starts now. After `stop` aborts, it aborts as soon as the request has had `graceMs` in total,
 * so that a short request can finish. Dispose it after the request.
 */
export function withGrace(
  stop: AbortSignal,
  graceMs: number,
): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  const graceEnd = performance.now() + graceMs
  let timer: NodeJS.Timeout | undefined
  const onStop = (): void => {
    timer = setTimeout(abort, Math.max(0, graceEnd - performance.now()))
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
