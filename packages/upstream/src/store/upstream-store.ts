import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { isJsonObject, type Task } from '@warren/task-api'
import { ExitCode, ProgramError } from '@warren/runtime'
import type { Collection } from '../collections/collection.ts'
import { sqliteFile } from '../config.ts'
import { QUESTION_STATES, type Question } from '../questions/question.ts'
import { installSchema } from './schema.ts'

type Row = Record<string, SQLOutputValue>

// A sweep leaves the rest to the next one, a second later.
const SWEEP_LIMIT = 1000

// All columns of a question but its result.
const COLUMNS = `task_id, uuid, collection_id, kind, task, asked_at, deadline, state, attempts,
  leased_until, worker, settled_at, message`

/** Collections and questions in SQLite, in memory or in a file. Only one upstream may use a file. */
export class UpstreamStore implements Disposable {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  /** @throws ProgramError if the file cannot be opened or belongs to another program. */
  static open(store: string): UpstreamStore {
    const file = sqliteFile(store) ?? ':memory:'
    try {
      return new UpstreamStore(file)
    } catch (error: unknown) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new ProgramError(`cannot open the database ${file}: ${reason}`, {
        exitCode: ExitCode.unavailable,
        hint: 'Check that the folder of UPSTREAM_STORE exists and is writable.',
        cause: error,
      })
    }
  }

  private constructor(path: string) {
    this.#database = new DatabaseSync(path)
    try {
      // A crash of the process loses nothing. A power cut may lose the last changes, which polls then repeat.
      this.#database.exec('pragma journal_mode = wal; pragma synchronous = normal')
      this.#database.exec('pragma busy_timeout = 5000; pragma foreign_keys = on')
      installSchema(this.#database)
    } catch (error: unknown) {
      this.#database.close()
      throw error
    }
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close()
  }

  /** Throws if the database does not respond. */
  check(): void {
    this.#prepare('select count(*) from collections').get()
  }

  /** Runs `work` in a transaction. It is synchronous, so no other code of this process runs in between. */
  transaction<T>(work: () => T): T {
    this.#database.exec('begin immediate')
    try {
      const value = work()
      this.#database.exec('commit')
      return value
    } catch (error: unknown) {
      this.#database.exec('rollback')
      throw error
    }
  }

  insertCollection(collection: Collection): void {
    this.#prepare(
      `insert into collections
         (id, name, username, password_digest, created_at, last_poll_at, last_worker, suspended)
       values (?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      collection.id,
      collection.name,
      collection.username,
      collection.passwordDigest,
      collection.createdAt,
      collection.lastPollAt,
      collection.lastWorker,
      collection.suspended ? 1 : 0,
    )
  }

  listCollections(): readonly Collection[] {
    return this.#prepare('select * from collections order by name').all().map(collectionOf)
  }

  findCollection(id: string): Collection | undefined {
    const row = this.#prepare('select * from collections where id = ?').get(id)
    return row === undefined ? undefined : collectionOf(row)
  }

  findCollectionByUsername(username: string): Collection | undefined {
    const row = this.#prepare('select * from collections where username = ?').get(username)
    return row === undefined ? undefined : collectionOf(row)
  }

  recordPoll(id: string, at: number, worker: string): void {
    this.#prepare(
      'update collections set last_poll_at = ?, last_worker = ?, suspended = 0 where id = ?',
    ).run(at, worker, id)
  }

  /** Suspends collections that have not polled since `before`, and returns them. */
  suspendIdle(before: number): readonly Collection[] {
    return this.#prepare(
      `update collections set suspended = 1
       where suspended = 0 and coalesce(last_poll_at, created_at) < ? returning *`,
    )
      .all(before)
      .map(collectionOf)
  }

  insertQuestion(question: Omit<Question, 'taskId'>): Question {
    const row = this.#prepare(
      `insert into questions
         (uuid, collection_id, kind, task, asked_at, deadline, state, attempts)
       values (?, ?, ?, ?, ?, ?, ?, ?) returning ${COLUMNS}`,
    ).get(
      question.uuid,
      question.collectionId,
      question.kind,
      JSON.stringify(question.task),
      question.askedAt,
      question.deadline,
      question.state,
      question.attempts,
    )
    if (row === undefined) throw new Error('the question was not stored')
    return questionOf(row)
  }

  saveQuestion(question: Question): void {
    this.#prepare(
      `update questions set state = ?, attempts = ?, leased_until = ?, worker = ?, settled_at = ?,
         message = ? where uuid = ?`,
    ).run(
      question.state,
      question.attempts,
      question.leasedUntil,
      question.worker,
      question.settledAt,
      question.message,
      question.uuid,
    )
  }

  /** Stores a result as received: JSON in UTF-8. */
  saveResult(uuid: string, json: Buffer): void {
    this.#prepare('update questions set result = cast(? as text) where uuid = ?').run(json, uuid)
  }

  /** The stored result as JSON text. */
  findResult(uuid: string): string | null {
    const row = this.#prepare('select result from questions where uuid = ?').get(uuid)
    return textOrNull(row?.['result'])
  }

  findQuestion(uuid: string): Question | undefined {
    const row = this.#prepare(`select ${COLUMNS} from questions where uuid = ?`).get(uuid)
    return row === undefined ? undefined : questionOf(row)
  }

  /** The oldest task of these kinds that may be handed out. */
  findAvailable(
    collectionId: string,
    kinds: readonly Task['kind'][],
    now: number,
  ): Question | undefined {
    const row = this.#prepare(
      `select ${COLUMNS} from questions
       where collection_id = ? and settled_at is null and deadline > ?
         and kind in (${kinds.map(() => '?').join(', ')})
         and (state = 'queued' or (state = 'leased' and leased_until <= ?))
       order by task_id limit 1`,
    ).get(collectionId, now, ...kinds, now)
    return row === undefined ? undefined : questionOf(row)
  }

  countOpen(collectionId: string): number {
    const row = this.#prepare(
      'select count(*) as open from questions where collection_id = ? and settled_at is null',
    ).get(collectionId)
    return Number(row?.['open'])
  }

  /** The newest first. */
  listQuestions(limit: number): readonly Question[] {
    return this.#prepare(`select ${COLUMNS} from questions order by task_id desc limit ?`)
      .all(limit)
      .map(questionOf)
  }

  listOverdue(now: number): readonly Question[] {
    return this.#prepare(
      `select ${COLUMNS} from questions where settled_at is null and deadline <= ? limit ${SWEEP_LIMIT}`,
    )
      .all(now)
      .map(questionOf)
  }

  deleteSettledBefore(before: number): void {
    this.#prepare(
      `delete from questions where task_id in
         (select task_id from questions where settled_at < ? limit ${SWEEP_LIMIT})`,
    ).run(before)
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}

function collectionOf(row: Row): Collection {
  return {
    id: String(row['id']),
    name: String(row['name']),
    username: String(row['username']),
    passwordDigest: String(row['password_digest']),
    createdAt: Number(row['created_at']),
    lastPollAt: numberOrNull(row['last_poll_at']),
    lastWorker: textOrNull(row['last_worker']),
    suspended: row['suspended'] === 1,
  }
}

function questionOf(row: Row): Question {
  const state = QUESTION_STATES.find((known) => known === row['state'])
  const task: unknown = JSON.parse(String(row['task']))
  if (state === undefined || !isJsonObject(task))
    throw new Error('the database contains a question that is not valid')
  return {
    taskId: Number(row['task_id']),
    uuid: String(row['uuid']),
    collectionId: String(row['collection_id']),
    kind: row['kind'] === 'distribution' ? 'distribution' : 'availability',
    task,
    askedAt: Number(row['asked_at']),
    deadline: Number(row['deadline']),
    state,
    attempts: Number(row['attempts']),
    leasedUntil: numberOrNull(row['leased_until']),
    worker: textOrNull(row['worker']),
    settledAt: numberOrNull(row['settled_at']),
    message: textOrNull(row['message']),
  }
}

function numberOrNull(value: SQLOutputValue | undefined): number | null {
  return typeof value === 'number' ? value : null
}

function textOrNull(value: SQLOutputValue | undefined): string | null {
  return typeof value === 'string' ? value : null
}
