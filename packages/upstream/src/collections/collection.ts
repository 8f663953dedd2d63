/** A slot a relay or a bunny polls: one login, one queue of counts, one of distributions. */
export interface Collection {
  readonly id: string
  readonly name: string
  readonly username: string
  /** Hex SHA-256 of the password. */
  readonly passwordDigest: string
  /** Milliseconds since 1970, as all times here. */
  readonly createdAt: number
  /** Last poll for counts (queue a), the sign of life. */
  readonly lastPollAt: number | null
  /** What the last poller called itself. */
  readonly lastWorker: string | null
  /** No sign of life for too long: no questions can be asked of it until the next poll. */
  readonly suspended: boolean
}

/** Login of a collection. The password is known at this moment only. */
export interface CollectionCredentials {
  readonly collectionId: string
  readonly name: string
  readonly username: string
  readonly password: string
}
