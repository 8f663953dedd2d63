/** What a relay or a bunny polls: one login, one queue of counts, one of distributions. */
export interface Collection {
  readonly id: string
  readonly name: string
  readonly username: string
  /** Hex SHA-256 of the password. */
  readonly passwordDigest: string
  /** Milliseconds since 1970, like all times here. */
  readonly createdAt: number
  /** Last poll for counts (queue a). */
  readonly lastPollAt: number | null
  /** Worker ID of the last poll. */
  readonly lastWorker: string | null
  /** No poll for too long: questions to it are rejected until the next poll. */
  readonly suspended: boolean
}

/** The password cannot be read again later: only its digest is stored. */
export interface CollectionCredentials {
  readonly collectionId: string
  readonly name: string
  readonly username: string
  readonly password: string
}
