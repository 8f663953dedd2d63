// A chain of causes can be circular.
const MAX_CHAIN_LENGTH = 5

export interface SerializedError {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  readonly cause?: SerializedError
}

/**
 * The fields of an error that are logged. Drivers add requests, headers, parameters and database rows to their errors,
 * which must not be logged.
 */
export function serializeError(error: unknown, depth = 0): SerializedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) }
  return {
    type: error.name,
    message: error.message,
    ...('code' in error && typeof error.code === 'string' && { code: error.code }),
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(error.cause !== undefined &&
      depth < MAX_CHAIN_LENGTH && { cause: serializeError(error.cause, depth + 1) }),
  }
}
