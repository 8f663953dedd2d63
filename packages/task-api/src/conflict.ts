/** Body of a successful submission, as text/plain. The Python bunny compares it byte for byte. */
export const JOB_SAVED = 'Job saved'

/** Body of a 409: this task already has a result. */
export interface ConflictBody {
  readonly status: 'CONFLICT'
  /** UTC, `MM-dd-yyyy HH:mm:ss`: month first, no zone. */
  readonly timestamp: string
  readonly message: string
  readonly debugMessage: string
}

export function conflictBody(now: Date): ConflictBody {
  const [year, month, day] = now.toISOString().slice(0, 10).split('-')
  const message = 'Job file already uploaded'
  return {
    status: 'CONFLICT',
    timestamp: `${month}-${day}-${year} ${now.toISOString().slice(11, 19)}`,
    message,
    debugMessage: message,
  }
}
