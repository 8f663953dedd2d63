import type { Leadership } from './relay-store.ts'
import type { SqlDatabase } from './sql-database.ts'

// Three renewals, which are at most 10 s apart.
const HOLD_MS = 30_000

/** Leadership as a row that names the leader and expires unless it is renewed. */
export class SqliteLeadership implements Leadership {
  readonly #database: SqlDatabase
  readonly #name: string
  readonly #holder: string

  constructor(database: SqlDatabase, options: { name: string; holder: string }) {
    this.#database = database
    this.#name = options.name
    this.#holder = options.holder
  }

  async acquire(): Promise<boolean> {
    const { now } = this.#database.differences
    const mine = { holder: this.#holder, held_until: now(HOLD_MS) }
    const rows = await this.#database.run('acquire leadership', (db) =>
      db
        .insertInto('relay_leaders')
        .values({ name: this.#name, ...mine })
        .onConflict((conflict) =>
          conflict
            .column('name')
            .doUpdateSet(mine)
            .where((eb) =>
              eb.or([
                eb('relay_leaders.holder', '=', this.#holder),
                eb('relay_leaders.held_until', '<=', now()),
                // The clock was set back since. Without this, a crashed leader would hold the row until the clock catches up.
                eb('relay_leaders.held_until', '>', now(2 * HOLD_MS)),
              ]),
            ),
        )
        .returning('name')
        .execute(),
    )
    return rows.length > 0
  }

  async release(): Promise<void> {
    await this.#database.run('release leadership', (db) =>
      db
        .deleteFrom('relay_leaders')
        .where('name', '=', this.#name)
        .where('holder', '=', this.#holder)
        .execute(),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }
}
