import type { Leadership } from './relay-store.ts'
import type { SqlDatabase } from './sql-database.ts'

export interface LeaderLeaseOptions {
  readonly name: string
  /** Identifies this process. */
  readonly holder: string
  /** Rejects if this process must not lead. */
  readonly mayLead: () => Promise<void>
  /** The row was left behind by a process that no longer exists: the first acquisition replaces it. */
  readonly replaceHolder: boolean
}

// A relay that takes over tries every 3 s, so the takeover takes at most 12 s.
const HOLD_MS = 9_000

/** Leadership as a row that names the leader and expires unless it is renewed. */
export class LeaderLease implements Leadership {
  readonly holdMs = HOLD_MS
  readonly #database: SqlDatabase
  readonly #options: LeaderLeaseOptions
  #replaceHolder: boolean

  constructor(database: SqlDatabase, options: LeaderLeaseOptions) {
    this.#database = database
    this.#options = options
    this.#replaceHolder = options.replaceHolder
  }

  async acquire(): Promise<boolean> {
    const { name, holder, mayLead } = this.#options
    const { now } = this.#database.differences
    await mayLead()
    const rows = await this.#database.write('acquire leadership', (db) => {
      const mine = { holder, held_until: now(HOLD_MS) }
      return db
        .insertInto('relay_leaders')
        .values({ name, ...mine })
        .onConflict((conflict) =>
          conflict
            .column('name')
            .doUpdateSet(mine)
            .where((eb) =>
              this.#replaceHolder
                ? eb.lit(true)
                : eb.or([
                    eb('relay_leaders.holder', '=', holder),
                    eb('relay_leaders.held_until', '<=', now()),
                    // The clock of the database was set back. Otherwise the row would be held until the clock catches up.
                    eb('relay_leaders.held_until', '>', now(2 * HOLD_MS)),
                  ]),
            ),
        )
        .returning('name')
        .execute()
    })
    this.#replaceHolder = false
    return rows.length > 0
  }

  async release(): Promise<void> {
    const { name, holder } = this.#options
    await this.#database.run('release leadership', (db) =>
      db
        .deleteFrom('relay_leaders')
        .where('name', '=', name)
        .where('holder', '=', holder)
        .execute(),
    )
  }
}
