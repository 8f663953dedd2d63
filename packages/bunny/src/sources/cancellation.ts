import { SourceError } from '@warren/database/errors'

export function cancelled(): SourceError {
  return new SourceError('cancelled', 'the statement was cancelled', { code: 'ABORTED' })
}

export function isCancellation(error: unknown): boolean {
  return error instanceof SourceError && error.kind === 'cancelled'
}

/** Rejects with `cancelled` as soon as `signal` is aborted. The promise continues, and its outcome is ignored. */
export async function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => aborted.reject(cancelled())
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
