import { formatAddress, PostgresRoute, type PostgresAddress } from '@warren/database'
import { once } from 'node:events'
import { finished } from 'node:stream/promises'

import type { Client } from 'pg'
import { from as copyFrom, type CopyStreamQuery } from 'pg-copy-streams'

import { CDM_TABLES, type CdmTable, type CdmType } from '@warren/cdm'
import { copyText } from './copy-text.ts'
import {
  belongsToPerson,
  isNeverNull,
  type OmopTarget,
  type RowCount,
  type TargetPlan,
} from './omop-target.ts'
import type { RowBatch } from './row-batch.ts'
import { tableNotEmpty, postgresFailure } from './target-failure.ts'

const TYPES: Readonly<Record<CdmType, string>> = {
  id: 'bigint',
  concept: 'integer',
  integer: 'integer',
  number: 'numeric',
  date: 'date',
  timestamp: 'timestamp',
  text: 'text',
}

interface OpenCopy {
  /** Names the table and columns. A batch with others ends this COPY. */
  readonly statement: string
  readonly stream: CopyStreamQuery
  readonly done: Promise<void>
}

/** Writes a CDM into a schema of PostgreSQL, in one transaction. */
export class PostgresTarget implements OmopTarget {
  readonly description: string
  readonly #client: Client
  readonly #schema: string
  readonly #existing = new Map<string, ReadonlySet<string>>()
  readonly #skippedColumns = new Set<string>()
  #copy: OpenCopy | undefined

  private constructor(client: Client, description: string, schema: string) {
    this.#client = client
    this.description = description
    this.#schema = schema
  }

  static async open(address: PostgresAddress, schema = ''): Promise<PostgresTarget> {
    const description = formatAddress(address)
    try {
      const route = new PostgresRoute(address, {
        applicationName: 'warren-omop',
        connectTimeoutMs: 10_000,
        session: 'prefer-primary',
      })
      const client = await route.connect()
      // Without --schema, the schema that unqualified names refer to.
      const { rows } = await client.query<{ schema: string | null }>(
        'SELECT current_schema() AS schema',
      )
      return new PostgresTarget(client, description, schema || (rows[0]?.schema ?? 'public'))
    } catch (error: unknown) {
      throw postgresFailure(error, description)
    }
  }

  get skippedColumns(): readonly string[] {
    return [...this.#skippedColumns]
  }

  begin(plan: TargetPlan): Promise<void> {
    return this.#wrapErrors(async () => {
      await this.#client.query('BEGIN')
      // A load may take hours.
      await this.#client.query(
        'SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL client_min_messages = warning',
      )
      await this.#client.query(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(this.#schema)}`)
      for (const table of CDM_TABLES) await this.#client.query(this.#createTable(table))
      await this.#readExisting()
      // TRUNCATE keeps privileges, views and foreign keys. Readers wait until the load ends.
      if (plan.replace) {
        const all = CDM_TABLES.map(({ name }) => this.#name(name)).join(', ')
        await this.#client.query(`TRUNCATE ${all}`)
        return
      }
      for (const { name } of plan.tables) {
        const { rows } = await this.#client.query<{ some: boolean }>(
          `SELECT EXISTS (SELECT 1 FROM ${this.#name(name)}) AS some`,
        )
        if (rows[0]?.some === true) throw tableNotEmpty(this.description, name)
      }
    })
  }

  append(batch: RowBatch): Promise<void> {
    return this.#wrapErrors(async () => {
      const indexes = this.#columnIndexes(batch)
      const names = indexes.map((index) => batch.table.columns[index]?.name ?? '').join(', ')
      const { stream, done } = await this.#copyInto(batch.table, names)
      if (!stream.write(copyText(batch, indexes))) {
        // A failed COPY never drains. Its promise rejects with the reason.
        await Promise.race([once(stream, 'drain'), done])
      }
    })
  }

  duplicateKeys(): Promise<readonly RowCount[]> {
    return this.#count(
      CDM_TABLES.filter(({ key }) => key !== undefined),
      ({ key = '', name }) =>
        `SELECT count(${key}) - count(DISTINCT ${key}) AS rows FROM ${this.#name(name)}`,
    )
  }

  orphans(): Promise<readonly RowCount[]> {
    return this.#count(
      CDM_TABLES.filter(belongsToPerson),
      ({ name }) => `SELECT count(*) AS rows FROM ${this.#name(name)} one
        WHERE NOT EXISTS (SELECT 1 FROM ${this.#name('person')} p WHERE p.person_id = one.person_id)`,
    )
  }

  commit(): Promise<void> {
    return this.#wrapErrors(async () => {
      await this.#endCopy()
      for (const table of CDM_TABLES) {
        for (const index of table.indexes) {
          await this.#client.query(
            `CREATE INDEX IF NOT EXISTS ${index.name} ON ${this.#name(table.name)} (${index.columns.join(', ')})`,
          )
        }
        await this.#addKey(table)
        await this.#client.query(`ANALYZE ${this.#name(table.name)}`)
      }
      await this.#client.query('COMMIT')
    })
  }

  /** Ending the session rolls back an open transaction, even during a COPY. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#copy?.done.catch(() => {})
    await this.#client.end()
  }

  #createTable(table: CdmTable): string {
    const columns = table.columns.map(
      (column) =>
        `${column.name} ${TYPES[column.type]}${isNeverNull(table, column) ? ' NOT NULL' : ''}`,
    )
    return `CREATE TABLE IF NOT EXISTS ${this.#name(table.name)} (${columns.join(', ')})`
  }

  async #readExisting(): Promise<void> {
    const { rows } = await this.#client.query<{ table: string; column: string }>(
      `SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns WHERE table_schema = $1`,
      [this.#schema],
    )
    for (const { name } of CDM_TABLES) {
      const own = rows.filter((row) => row.table === name).map(({ column }) => column)
      this.#existing.set(name, new Set(own))
    }
  }

  /** The columns of the batch that have values and exist in the table of the target. */
  #columnIndexes(batch: RowBatch): number[] {
    const existing = this.#existing.get(batch.table.name)
    return batch.columns.flatMap((values, index) => {
      const name = batch.table.columns[index]?.name
      if (values === null || name === undefined) return []
      if (existing?.has(name) === true) return [index]
      this.#skippedColumns.add(`${batch.table.name}.${name}`)
      return []
    })
  }

  async #copyInto(table: CdmTable, columns: string): Promise<OpenCopy> {
    const statement = `COPY ${this.#name(table.name)} (${columns}) FROM STDIN`
    if (this.#copy?.statement === statement) return this.#copy
    await this.#endCopy()
    const stream = this.#client.query(copyFrom(statement))
    const done = finished(stream)
    // Awaited with the next batch or at the end. Until then, a rejection must not be unhandled.
    done.catch(() => {})
    this.#copy = { statement, stream, done }
    return this.#copy
  }

  async #endCopy(): Promise<void> {
    const copy = this.#copy
    if (copy === undefined) return
    this.#copy = undefined
    copy.stream.end()
    await copy.done
  }

  /** Adds the primary key, unless the table already has one or rows without a key. */
  async #addKey({ name, key }: CdmTable): Promise<void> {
    if (key === undefined) return
    const { rowCount } = await this.#client.query(
      `SELECT 1 FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'p'`,
      [this.#name(name)],
    )
    if (rowCount !== 0) return
    const { rows } = await this.#client.query<{ some: boolean }>(
      `SELECT EXISTS (SELECT 1 FROM ${this.#name(name)} WHERE ${key} IS NULL) AS some`,
    )
    if (rows[0]?.some === false) {
      await this.#client.query(
        `ALTER TABLE ${this.#name(name)} ADD CONSTRAINT xpk_${name} PRIMARY KEY (${key})`,
      )
    }
  }

  #count(tables: readonly CdmTable[], sql: (table: CdmTable) => string): Promise<RowCount[]> {
    return this.#wrapErrors(async () => {
      await this.#endCopy()
      const counts: RowCount[] = []
      for (const table of tables) {
        const { rows } = await this.#client.query<{ rows: string }>(sql(table))
        const count = Number(rows[0]?.rows ?? 0)
        if (count > 0) counts.push({ table: table.name, rows: count })
      }
      return counts
    })
  }

  #name(table: string): string {
    return `${quoteIdentifier(this.#schema)}.${table}`
  }

  async #wrapErrors<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error: unknown) {
      throw postgresFailure(error, this.description)
    }
  }
}

function quoteIdentifier(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}
