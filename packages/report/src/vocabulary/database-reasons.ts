/** A reason for which a database fails that someone has to act on in another way than to restore the database. */
export interface DatabaseReason {
  /** As in `database fails (wrong password)`. */
  readonly name: string
  /** Finds it in the text of an error, in lower case. */
  readonly pattern: RegExp
  readonly action: string
  readonly next: readonly string[]
}

/** The most specific ones first. */
export const DATABASE_REASONS: readonly DatabaseReason[] = [
  {
    name: 'wrong password',
    pattern: /28p01|password authentication failed/,
    action: 'Set the user name and password that the database accepts.',
    next: [
      'Compare the secret that is mounted into the failing pod with that of the others, and restart the pod: it may have started before the password changed.',
    ],
  },
  {
    name: 'access not allowed',
    pattern: /sqlstate: 28000|\b28000:|no pg_hba\.conf entry|role "[^"]*" does not exist/,
    action: 'Allow this user and address in the configuration of the database.',
    next: ['Compare user, database and address with `pg_hba.conf`.'],
  },
  {
    name: 'connection pool exhausted',
    pattern: /connection pool has been exhausted|pool (?:is )?exhausted|queuepool limit/,
    action: 'Find out what keeps the connections of the pool busy, or make the pool larger.',
    next: [
      'Show what the connections do: `SELECT state, wait_event, query_start, query FROM pg_stat_activity`.',
      'Compare the pool size with the number of requests at the same time.',
    ],
  },
  {
    name: 'too many connections',
    pattern: /53300|too many (?:connections|clients)|remaining connection slots/,
    action: 'Reduce the connections to the database, or raise its limit.',
    next: [
      'Count them by program: `SELECT application_name, count(*) FROM pg_stat_activity GROUP BY 1`.',
    ],
  },
  {
    name: 'disk full',
    pattern: /53100|no space left on device|could not extend file|disk full/,
    action: 'Free disk space on the database server.',
    next: ['Check its volume: `df -h`.'],
  },
  {
    name: 'read-only',
    pattern: /25006|read-only transaction|in read-only mode/,
    action: 'Connect the relay to the primary database server.',
    next: ['Check for a failover: `SELECT pg_is_in_recovery()`.'],
  },
  {
    name: 'missing table',
    pattern: /42p01|relation "[^"]*" does not exist|no such table/,
    action: 'Create the tables of the relay in its database.',
    next: [
      'Check that the migrations of this version ran, and that the right database is configured.',
    ],
  },
  {
    name: 'database does not exist',
    pattern: /3d000|database "[^"]*" does not exist/,
    action: 'Create the database, or correct its name in the settings.',
    next: ['List the databases: `psql --list`.'],
  },
]

/** The reason that an error gives; undefined if it gives none of these. */
export function databaseReason(text: string): DatabaseReason | undefined {
  const lower = text.toLowerCase()
  return DATABASE_REASONS.find(({ pattern }) => pattern.test(lower))
}
