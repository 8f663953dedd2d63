import type { DatabaseSync } from 'node:sqlite'

const VERSION = 1

const TABLES = `
  create table collections (
    id text primary key,
    name text not null unique,
    username text not null unique,
    password_digest text not null,
    created_at integer not null,
    last_poll_at integer,
    last_worker text,
    suspended integer not null default 0
  ) strict;

  create table questions (
    task_id integer primary key autoincrement,
    uuid text not null unique,
    collection_id text not null references collections (id),
    kind text not null check (kind in ('availability', 'distribution')),
    task text not null,
    asked_at integer not null,
    deadline integer not null,
    state text not null
      check (state in ('queued', 'leased', 'exhausted', 'answered', 'failed', 'timed-out')),
    attempts integer not null,
    leased_until integer,
    worker text,
    settled_at integer,
    message text,
    result text
  ) strict;

  create index questions_open on questions (collection_id, task_id) where settled_at is null;
  create index questions_due on questions (deadline) where settled_at is null;
  create index questions_old on questions (settled_at) where settled_at is not null;
`

/** Creates the schema in an empty database. @throws if the schema is of a newer version. */
export function installSchema(database: DatabaseSync): void {
  database.exec('begin immediate')
  try {
    const version = Number(database.prepare('pragma user_version').get()?.['user_version'])
    if (version > VERSION) {
      throw new Error(
        `a newer version of Warren wrote it (schema ${version}, this version knows ${VERSION})`,
      )
    }
    if (version < VERSION) {
      database.exec(TABLES)
      database.exec(`pragma user_version = ${VERSION}`)
    }
    database.exec('commit')
  } catch (error: unknown) {
    database.exec('rollback')
    throw error
  }
}
