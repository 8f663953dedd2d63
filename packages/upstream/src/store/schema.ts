import type { DatabaseSync } from 'node:sqlite'

const VERSION = 2

const COLLECTIONS = `
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
`

const QUESTIONS = `
  create table questions (
    task_id integer primary key autoincrement,
    uuid text not null unique,
    collection_id text not null references collections (id),
    kind text not null check (kind in ('availability', 'distribution')),
    task text not null,
    asked_at integer not null,
    deadline integer not null,
    state text not null
      check (state in ('queued', 'leased', 'exhausted', 'answered', 'failed', 'timed-out', 'cancelled')),
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

// Version 2 has another state. SQLite cannot change the check of a column.
const FROM_VERSION_1 = `
  alter table questions rename to questions_1;
  drop index questions_open;
  drop index questions_due;
  drop index questions_old;
  ${QUESTIONS}
  insert into questions select * from questions_1;
  drop table questions_1;
`

/** Creates the schema, or updates that of an earlier version. @throws if it is of a newer version. */
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
      database.exec(version === 0 ? COLLECTIONS + QUESTIONS : FROM_VERSION_1)
      database.exec(`pragma user_version = ${VERSION}`)
    }
    database.exec('commit')
  } catch (error: unknown) {
    database.exec('rollback')
    throw error
  }
}
