import type { AddressFailure } from './address-failure.ts'

/** An attempt that failed before a response had begun. */
export interface FailedAttempt {
  /** Undefined if a proxy chose it. */
  readonly address: string | undefined
  readonly failure: AddressFailure
  readonly code: string
  /** Undefined for a response with an error of a gateway. */
  readonly cause: unknown
}

/** No address of a server answered. */
export class NoAddressError extends Error {
  override readonly name = 'NoAddressError'
  readonly attempts: readonly FailedAttempt[]

  constructor(attempts: readonly FailedAttempt[]) {
    super('no address answered', { cause: attempts[0]?.cause })
    this.attempts = attempts
  }
}
