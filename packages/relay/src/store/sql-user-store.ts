import { newUuid } from '@warren/runtime'
import { sql, type Kysely, type Selectable } from 'kysely'

import { canonicalUsername, isUsername } from '../vocabulary/username.ts'
import type {
  EarlierPassword,
  NewUserRecord,
  NodeRecord,
  UserRecord,
  UserStore,
} from './user-store.ts'
import type { Announce, SqlDatabase } from './sql-database.ts'
import type { NodeTable, RelayTables, UserTable } from './sql-schema.ts'
import { NameTakenError, NodeTakenError, UnknownUserError } from './store-error.ts'

// The number of parameters per statement is limited (SQLite: 32,766).
const LAST_SEEN_BATCH = 500

export class SqlUserStore implements UserStore {
  readonly #database: SqlDatabase

  constructor(database: SqlDatabase) {
    this.#database = database
  }

  async addUser(user: {
    name: string
    passwordHash: string
    declared: boolean
  }): Promise<UserRecord> {
    return this.#database.transact('add a user', async (trx, announce) => {
      const added = await this.#insertUser(trx, user)
      announce({ kind: 'users-changed' })
      return userRecord({ ...added, earlier_for_ms: null }, [])
    })
  }

  async importUsers(users: readonly NewUserRecord[]): Promise<void> {
    await this.#database.transact('import users', async (trx, announce) => {
      for (const { username, passwordHash, declared, collectionIds } of users) {
        const { id } = await this.#insertUser(trx, { name: username, passwordHash, declared })
        for (const nodeId of collectionIds) await this.#insertNode(trx, id, { id: nodeId })
      }
      if (users.length > 0) announce({ kind: 'users-changed' })
    })
  }

  async findUser(name: string): Promise<UserRecord | null> {
    // PostgreSQL rejects some characters, and upper case turns others into letters of another user's name.
    if (!isUsername(name)) return null
    return this.#database.run('find a user', async (db) => {
      const row = await db
        .selectFrom('relay_users')
        .selectAll()
        .select(this.#earlierFor())
        .where('name_key', '=', canonicalUsername(name))
        .executeTakeFirst()
      if (row === undefined) return null
      const nodes = await db
        .selectFrom('relay_nodes')
        .select('id')
        .where('user_id', '=', row.id)
        .orderBy('created_at')
        .orderBy('id')
        .execute()
      return userRecord(
        row,
        nodes.map(({ id }) => id),
      )
    })
  }

  async listUsers(): Promise<readonly UserRecord[]> {
    return this.#database.run('list users', async (db) => {
      const rows = await db
        .selectFrom('relay_users')
        .selectAll()
        .select(this.#earlierFor())
        .orderBy('name_key')
        .execute()
      const nodes = await db
        .selectFrom('relay_nodes')
        .select(['id', 'user_id'])
        .orderBy('created_at')
        .orderBy('id')
        .execute()
      const byUser = Map.groupBy(nodes, ({ user_id }) => user_id)
      return rows.map((row) =>
        userRecord(
          row,
          (byUser.get(row.id) ?? []).map(({ id }) => id),
        ),
      )
    })
  }

  async setPasswordHash(userId: string, passwordHash: string, replaced?: string): Promise<boolean> {
    return this.#change('set password', (db) =>
      db
        .updateTable('relay_users')
        .set((eb) => ({
          password_hash: passwordHash,
          password_version: eb('password_version', '+', 1),
          ...NO_EARLIER_PASSWORD,
        }))
        .where('id', '=', userId)
        .$if(replaced !== undefined, (query) => query.where('password_hash', '=', replaced ?? ''))
        .returning('id')
        .execute(),
    )
  }

  async rotatePassword(userId: string, passwordHash: string, keepMs: number): Promise<boolean> {
    const { now } = this.#database.differences
    return this.#change('rotate a password', (db) =>
      db
        .updateTable('relay_users')
        // Every expression reads the row as it was before.
        .set((eb) => ({
          password_hash: passwordHash,
          password_version: eb('password_version', '+', 1),
          earlier_password_hash: eb.ref('password_hash'),
          earlier_password_version: eb.ref('password_version'),
          earlier_password_until: now(keepMs),
        }))
        .where('id', '=', userId)
        .returning('id')
        .execute(),
    )
  }

  async setUserDisabled(userId: string, disabled: boolean): Promise<boolean> {
    const { now } = this.#database.differences
    return this.#change('disable or enable a user', (db) =>
      db
        .updateTable('relay_users')
        .set((eb) =>
          disabled
            ? {
                disabled_at: eb.fn.coalesce('disabled_at', now()),
                // Ends the logins of every relay, as a new password does.
                password_version: eb('password_version', '+', 1),
                ...NO_EARLIER_PASSWORD,
              }
            : { disabled_at: null },
        )
        .where('id', '=', userId)
        .returning('id')
        .execute(),
    )
  }

  async upgradePasswordHash(
    userId: string,
    { from, to }: { from: string; to: string },
  ): Promise<boolean> {
    // Not announced to other relays: the logins that they have verified stay valid.
    const upgraded = await this.#database.run('upgrade a password hash', (db) =>
      db
        .updateTable('relay_users')
        .set({ password_hash: to })
        .where('id', '=', userId)
        .where('password_hash', '=', from)
        .returning('id')
        .execute(),
    )
    return upgraded.length > 0
  }

  async removeUser(userId: string): Promise<boolean> {
    return this.#change('remove user', (db) =>
      db.deleteFrom('relay_users').where('id', '=', userId).returning('id').execute(),
    )
  }

  async addNode(userId: string, node: { id?: string; label?: string } = {}): Promise<NodeRecord> {
    return this.#database.transact('add a node', async (trx, announce) => {
      const user = await trx
        .selectFrom('relay_users')
        .select('name')
        .where('id', '=', userId)
        .$if(this.#database.differences.rowLocks, (query) => query.forKeyShare())
        .executeTakeFirst()
      if (user === undefined) throw new UnknownUserError(userId)
      const { id, label, created_at: createdAt } = await this.#insertNode(trx, userId, node)
      announce({ kind: 'users-changed' })
      return {
        id,
        label,
        userId,
        userName: user.name,
        active: true,
        createdAt,
        lastSeenAt: null,
      }
    })
  }

  async removeNode(nodeId: string): Promise<boolean> {
    return this.#change('remove node', (db) =>
      db.deleteFrom('relay_nodes').where('id', '=', nodeId).returning('id').execute(),
    )
  }

  async listNodes(): Promise<readonly NodeRecord[]> {
    return this.#database.run('list nodes', async (db) => {
      const rows = await db
        .selectFrom('relay_nodes')
        .innerJoin('relay_users', 'relay_users.id', 'relay_nodes.user_id')
        .selectAll('relay_nodes')
        .select('relay_users.name as user_name')
        .orderBy('relay_users.name_key')
        .orderBy('relay_nodes.created_at')
        .orderBy('relay_nodes.id')
        .execute()
      return rows.map((row) => ({
        id: row.id,
        label: row.label,
        userId: row.user_id,
        userName: row.user_name,
        active: row.active === 1,
        createdAt: row.created_at,
        lastSeenAt: row.last_seen_at,
      }))
    })
  }

  async setNodeActive(nodeId: string, active: boolean): Promise<boolean> {
    return this.#change('set node active', async (db, announce) => {
      const changed = await db
        .updateTable('relay_nodes')
        .set({ active: active ? 1 : 0 })
        .where('id', '=', nodeId)
        .returning('id')
        .execute()
      // Subtasks queued before the node became inactive can be handed out again.
      if (active && changed.length > 0) announce({ kind: 'work', nodeIds: [nodeId] })
      return changed
    })
  }

  async renameNode(nodeId: string, label: string): Promise<boolean> {
    return this.#change('rename a node', (db) =>
      db
        .updateTable('relay_nodes')
        .set({ label })
        .where('id', '=', nodeId)
        .returning('id')
        .execute(),
    )
  }

  async recordLastSeen(seenAgoMs: ReadonlyMap<string, number>): Promise<void> {
    const { now } = this.#database.differences
    // Sorted, so that relays that update the same nodes lock them in the same order.
    const seen = [...seenAgoMs].sort(([a], [b]) => (a < b ? -1 : 1))
    for (let start = 0; start < seen.length; start += LAST_SEEN_BATCH) {
      const batch = seen.slice(start, start + LAST_SEEN_BATCH)
      const at = sql<number>`case ${sql.join(
        batch.map(([id, agoMs]) => sql`when id = ${id} then ${now(-agoMs)}`),
        sql` `,
      )} end`
      await this.#database.run('record when nodes were last seen', (db) =>
        db
          .updateTable('relay_nodes')
          .set({ last_seen_at: at })
          .where(
            'id',
            'in',
            batch.map(([id]) => id),
          )
          .where((eb) => eb.or([eb('last_seen_at', 'is', null), eb('last_seen_at', '<', at)]))
          .execute(),
      )
    }
  }

  async #insertUser(
    trx: Kysely<RelayTables>,
    user: { name: string; passwordHash: string; declared: boolean },
  ): Promise<Selectable<UserTable>> {
    const added = await trx
      .insertInto('relay_users')
      .values({
        id: newUuid(),
        name: user.name,
        name_key: canonicalUsername(user.name),
        password_hash: user.passwordHash,
        password_version: 1,
        declared: user.declared ? 1 : 0,
        created_at: this.#database.differences.now(),
      })
      .onConflict((conflict) => conflict.column('name_key').doNothing())
      .returningAll()
      .executeTakeFirst()
    if (added === undefined) throw new NameTakenError(user.name)
    return added
  }

  async #insertNode(
    trx: Kysely<RelayTables>,
    userId: string,
    node: { id?: string; label?: string },
  ): Promise<Pick<NodeTable, 'id' | 'label' | 'created_at'>> {
    const id = node.id ?? newUuid()
    const added = await trx
      .insertInto('relay_nodes')
      .values({
        id,
        user_id: userId,
        label: node.label ?? null,
        active: 1,
        created_at: this.#database.differences.now(),
        last_seen_at: null,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning(['id', 'label', 'created_at'])
      .executeTakeFirst()
    if (added === undefined) throw new NodeTakenError(id)
    return added
  }

  #earlierFor() {
    return sql<number | null>`earlier_password_until - ${this.#database.differences.now()}`.as(
      'earlier_for_ms',
    )
  }

  async #change(
    operation: string,
    statement: (db: Kysely<RelayTables>, announce: Announce) => Promise<readonly { id: string }[]>,
  ): Promise<boolean> {
    return this.#database.transact(operation, async (trx, announce) => {
      const changed = await statement(trx, announce)
      if (changed.length > 0) announce({ kind: 'users-changed' })
      return changed.length > 0
    })
  }
}

const NO_EARLIER_PASSWORD = {
  earlier_password_hash: null,
  earlier_password_version: null,
  earlier_password_until: null,
}

type UserRow = Selectable<UserTable> & { readonly earlier_for_ms: number | null }

function userRecord(row: UserRow, nodeIds: readonly string[]): UserRecord {
  return {
    id: row.id,
    name: row.name,
    passwordHash: row.password_hash,
    passwordVersion: row.password_version,
    declared: row.declared === 1,
    createdAt: row.created_at,
    disabledAt: row.disabled_at,
    earlierPassword: earlierPassword(row),
    nodeIds,
  }
}

function earlierPassword({
  earlier_password_hash: hash,
  earlier_password_version: version,
  earlier_for_ms: validForMs,
}: UserRow): EarlierPassword | null {
  if (hash === null || version === null || validForMs === null || validForMs <= 0) return null
  return { hash, version, validForMs }
}
