/** What identifies a login: it ends when one of them changes. */
export interface LoginVersion {
  readonly userId: string
  /** Changes with the password. A new hash of the same password keeps it. */
  readonly passwordVersion: number
}

export interface UserRecord {
  readonly id: string
  /** As spelled when the user was added. Compared without case. */
  readonly name: string
  readonly passwordHash: string
  /** Changes with the password. A new hash of the same password keeps it. */
  readonly passwordVersion: number
  /** Added by the configuration, which may also remove it. */
  readonly declared: boolean
  readonly createdAt: number
  readonly nodeIds: readonly string[]
}

export interface NodeRecord {
  readonly id: string
  readonly label: string | null
  readonly userId: string
  readonly userName: string
  /** An inactive node gets no new subtasks and is handed no queued ones. */
  readonly active: boolean
  readonly createdAt: number
  /** Time of its last poll or result. Null: never. */
  readonly lastSeenAt: number | null
}

export interface UserStore {
  /** Throws NameTakenError. */
  addUser(user: { name: string; passwordHash: string; declared: boolean }): Promise<UserRecord>
  findUser(name: string): Promise<UserRecord | null>
  /** Sorted by name. */
  listUsers(): Promise<readonly UserRecord[]>
  /**
   * Changes the password, which ends the logins with the old one. False if the user does not exist, or if its hash is not
   * `replaced` (if given).
   */
  setPasswordHash(userId: string, passwordHash: string, replaced?: string): Promise<boolean>
  /**
   * Replaces a hash by another one of the same password, which ends no login. False if the user does not exist or its hash
   * has changed in the meantime.
   */
  upgradePasswordHash(userId: string, hashes: { from: string; to: string }): Promise<boolean>
  /** Removes the user and its nodes. False if the user does not exist. */
  removeUser(userId: string): Promise<boolean>
  /** Throws NodeTakenError if the ID is in use, UnknownUserError if the user does not exist. */
  addNode(userId: string, node?: { id?: string; label?: string }): Promise<NodeRecord>
  /** Removes the node and its subtasks, which still count as asked. False if the node does not exist. */
  removeNode(nodeId: string): Promise<boolean>
  /** Sorted by user name, then by age. */
  listNodes(): Promise<readonly NodeRecord[]>
  setNodeActive(nodeId: string, active: boolean): Promise<boolean>
  /**
   * Takes how long ago each node was seen (ms, by collection ID). Keeps the later time of a node, and ignores unknown
   * nodes.
   */
  recordLastSeen(seenAgoMs: ReadonlyMap<string, number>): Promise<void>
}
