import type { Leadership } from './relay-store.ts'
import type { SqlDatabase } from './sql-database.ts'

// Three missed renewals of a leader that works every 10 s at the latest.
const HELD_MS = 30_000

/** A row that names the leader and runs out unless renewed. */
export class SqliteLeadership implements Leadership {
  readonly #database: SqlDatabase
  readonly #name: string
  readonly #holder: string
  readonly #now: () => number

  constructor(database: SqlDatabase, options: { name: string; holder: string; now: () => number }) {
    this.#database = database
    this.#name = options.name
    this.#holder = options.holder
    this.#now = options.now
  }

  async acquire(): Promise<boolean> {
    const now = this.#now()
    const mine = { holder: this.#holder, held_until: now + HELD_MS }
    const rows = await this.#database.run('lead', (db) =>
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
                eb('relay_leaders.held_until', '<=', now),
                // The clock was put back since: a leader that died then would keep its claim till it is that late again.
                eb('relay_leaders.held_until', '>', now + 2 * HELD_MS),
              ]),
            ),
        )
        .returning('name')
        .execute(),
    )
    return rows.length > 0
  }

  async release(): Promise<void> {
    await this.#database.run('stop leading', (db) =>
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
