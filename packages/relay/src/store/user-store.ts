/** The passwords with which a user may be logged in at the moment. */
export interface LoginVersion {
  readonly userId: string
  /** Changes with the password. A new hash of the same password keeps it. */
  readonly passwordVersion: number
  /** Version of the password before a rotation, while it is still valid. */
  readonly earlierVersion: number | null
}

/** The password before a rotation. */
export interface EarlierPassword {
  readonly hash: string
  readonly version: number
  /** How long it stays valid, ms. More than 0. */
  readonly validForMs: number
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
  /** Null: may log in. */
  readonly disabledAt: number | null
  /** Null: only `passwordHash` is valid. */
  readonly earlierPassword: EarlierPassword | null
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

/** A user of another relay. */
export interface NewUserRecord {
  readonly username: string
  readonly passwordHash: string
  readonly declared: boolean
  readonly collectionIds: readonly string[]
}

export interface UserStore {
  /** Throws NameTakenError. */
  addUser(user: { name: string; passwordHash: string; declared: boolean }): Promise<UserRecord>
  /** Adds all of these users with their nodes, or none. Throws NameTakenError or NodeTakenError. */
  importUsers(users: readonly NewUserRecord[]): Promise<void>
  findUser(name: string): Promise<UserRecord | null>
  /** Sorted by name. */
  listUsers(): Promise<readonly UserRecord[]>
  /**
   * Changes the password, which ends the logins with the old one and with an earlier one. False if the user does not exist, or
   * if its hash is not `replaced` (if given).
   */
  setPasswordHash(userId: string, passwordHash: string, replaced?: string): Promise<boolean>
  /**
   * Replaces a hash by another one of the same password, which ends no login. False if the user does not exist or its hash
   * has changed in the meantime.
   */
  upgradePasswordHash(userId: string, hashes: { from: string; to: string }): Promise<boolean>
  /**
   * Changes the password. The old one stays valid for `keepMs`; one that was rotated before does not. False if the user does
   * not exist.
   */
  rotatePassword(userId: string, passwordHash: string, keepMs: number): Promise<boolean>
  /**
   * Disables a user, which ends its logins: its nodes get no new subtasks. Or enables it again. False if the user does not
   * exist.
   */
  setUserDisabled(userId: string, disabled: boolean): Promise<boolean>
  /** Removes the user and its nodes. False if the user does not exist. */
  removeUser(userId: string): Promise<boolean>
  /** Throws NodeTakenError if the ID is in use, UnknownUserError if the user does not exist. */
  addNode(userId: string, node?: { id?: string; label?: string }): Promise<NodeRecord>
  /** Removes the node and its subtasks, which still count as asked. False if the node does not exist. */
  removeNode(nodeId: string): Promise<boolean>
  /** Sorted by user name, then by age. */
  listNodes(): Promise<readonly NodeRecord[]>
  setNodeActive(nodeId: string, active: boolean): Promise<boolean>
  /** Sets the label. False if the node does not exist. */
  renameNode(nodeId: string, label: string): Promise<boolean>
  /**
   * Takes how long ago each node was seen (ms, by collection ID). Keeps the later time of a node, and ignores unknown
   * nodes.
   */
  recordLastSeen(seenAgoMs: ReadonlyMap<string, number>): Promise<void>
}
