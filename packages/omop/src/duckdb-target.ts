import { access, rename, rm } from 'node:fs/promises'

import {
  BIGINT,
  DATE,
  DOUBLE,
  DuckDBDataChunk,
  DuckDBDateValue,
  DuckDBInstance,
  DuckDBTimestampValue,
  INTEGER,
  TIMESTAMP,
  VARCHAR,
  type DuckDBAppender,
  type DuckDBConnection,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api'
import { CDM_TABLES, type CdmTable, type CdmType } from '@warren/cdm'
import {
  belongsToPerson,
  isNeverNull,
  type OmopTarget,
  type RowCount,
  type TargetPlan,
} from './omop-target.ts'
import { BATCH_ROWS, type CdmValue, type RowBatch } from './row-batch.ts'
import { duckDbFailure, tableNotEmpty } from './target-failure.ts'

interface TableWriter {
  readonly appender: DuckDBAppender
  readonly chunk: DuckDBDataChunk
  /** Which columns of `chunk` have values. The others are cleared once, and not for each batch. */
  readonly filled: boolean[]
}

const TYPES: Readonly<Record<CdmType, DuckDBType>> = {
  id: BIGINT,
  concept: INTEGER,
  integer: INTEGER,
  number: DOUBLE,
  date: DATE,
  timestamp: TIMESTAMP,
  text: VARCHAR,
}

const NO_VALUES: readonly null[] = Array.from({ length: BATCH_ROWS }, () => null)

/**
 * Writes a CDM into DuckDB. A file is written under a temporary name in the same folder and then renamed, so that readers
 * of the old file are not disturbed. In an open instance, the load is one transaction.
 */
export class DuckDbTarget implements OmopTarget {
  readonly description: string
  readonly skippedColumns: readonly string[] = []
  readonly #schema: string
  readonly #connection: DuckDBConnection
  readonly #file: { path: string; unfinished: string; instance: DuckDBInstance } | undefined
  readonly #writers = new Map<string, TableWriter>()
  #committed = false

  private constructor(
    description: string,
    schema: string,
    connection: DuckDBConnection,
    file?: { path: string; unfinished: string; instance: DuckDBInstance },
  ) {
    this.description = description
    this.#schema = schema === '' ? 'main' : schema
    this.#connection = connection
    this.#file = file
  }

  static async forFile(path: string, schema = ''): Promise<DuckDbTarget> {
    const description = `duckdb:${path}`
    const unfinished = `${path}.unfinished`
    try {
      await throwIfLocked(unfinished)
      await removeDatabase(unfinished)
      const instance = await DuckDBInstance.create(unfinished)
      const connection = await instance.connect()
      return new DuckDbTarget(description, schema, connection, { path, unfinished, instance })
    } catch (error: unknown) {
      throw duckDbFailure(error, description)
    }
  }

  /** Writes into an open instance, which may be in memory. The caller closes it. */
  static async forInstance(instance: DuckDBInstance, schema = ''): Promise<DuckDbTarget> {
    return new DuckDbTarget('duckdb in memory', schema, await instance.connect())
  }

  begin(plan: TargetPlan): Promise<void> {
    return this.#wrapErrors(async () => {
      if (this.#file === undefined) await this.#run('BEGIN')
      else if (await exists(this.#file.path)) await this.#copyExisting(this.#file.path, plan)
      await this.#run(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(this.#schema)}`)
      if (!plan.replace) await this.#rejectRows(plan.tables, '')
      for (const table of CDM_TABLES) {
        const recreate = plan.replace || plan.tables.includes(table)
        await this.#run(
          this.#createTable(table, recreate ? 'OR REPLACE TABLE' : 'TABLE IF NOT EXISTS'),
        )
      }
    })
  }

  append(batch: RowBatch): Promise<void> {
    return this.#wrapErrors(async () => {
      const writer = this.#writers.get(batch.table.name) ?? (await this.#openWriter(batch.table))
      const { chunk, filled } = writer
      chunk.rowCount = batch.length
      for (const [index, values] of batch.columns.entries()) {
        const type = batch.table.columns[index]?.type
        if (values === null || type === undefined || !batch.hasValue(index)) {
          if (filled[index] === true) chunk.setColumnValues(index, NO_VALUES.slice(0, batch.length))
          filled[index] = false
          continue
        }
        filled[index] = true
        chunk.setColumnValues(index, engineValues(values, type, batch.length))
      }
      writer.appender.appendDataChunk(chunk)
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
      ({ name }) => `SELECT count(*) AS rows FROM ${this.#name(name)}
        WHERE person_id NOT IN (SELECT person_id FROM ${this.#name('person')})`,
    )
  }

  commit(): Promise<void> {
    return this.#wrapErrors(async () => {
      this.#closeWriters()
      if (this.#file === undefined) {
        await this.#run('COMMIT')
      } else {
        await this.#run('CHECKPOINT')
        this.#connection.closeSync()
        this.#file.instance.closeSync()
        await rename(this.#file.unfinished, this.#file.path)
        // DuckDB would apply the write-ahead log of the old file to the new one.
        await rm(`${this.#file.path}.wal`, { force: true })
      }
      this.#committed = true
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#file === undefined) {
      if (!this.#committed) {
        this.#discardWriters()
        await this.#connection.run('ROLLBACK').catch(() => {})
      }
      this.#connection.closeSync()
      return
    }
    if (this.#committed) return
    this.#discardWriters()
    this.#connection.closeSync()
    this.#file.instance.closeSync()
    await removeDatabase(this.#file.unfinished)
  }

  /** Copies the data of the existing file that this load does not replace. */
  async #copyExisting(path: string, plan: TargetPlan): Promise<void> {
    await this.#run(`ATTACH '${path.replaceAll("'", "''")}' AS old (TYPE duckdb, READ_ONLY)`)
    if (!plan.replace) await this.#rejectRows(plan.tables, 'old.')
    const others = await this.#connection.runAndReadAll(
      `SELECT count(*) FROM information_schema.tables WHERE table_catalog = 'old'
         AND NOT (table_schema = $1 AND table_type = 'BASE TABLE' AND table_name = ANY ($2::VARCHAR[]))`,
      [this.#schema, `[${CDM_TABLES.map(({ name }) => name).join(',')}]`],
    )
    const hasOtherTables = Number(others.getRows()[0]?.[0] ?? 0) > 0
    if (hasOtherTables || !plan.replace) {
      const [current] = (
        await this.#connection.runAndReadAll('SELECT current_database()')
      ).getRows()
      await this.#run(`COPY FROM DATABASE old TO ${quoteIdentifier(String(current?.[0]))}`)
    }
    await this.#run('DETACH old')
  }

  async #rejectRows(tables: readonly CdmTable[], catalogue: 'old.' | ''): Promise<void> {
    for (const { name } of tables) {
      const qualified = `${catalogue}${this.#name(name)}`
      const found = await this.#connection.runAndReadAll(
        `SELECT count(*) FROM information_schema.tables WHERE table_schema = $1 AND table_name = $2
           AND table_catalog = ${catalogue === '' ? 'current_database()' : `'old'`}`,
        [this.#schema, name],
      )
      if (Number(found.getRows()[0]?.[0] ?? 0) === 0) continue
      const some = await this.#connection.runAndReadAll(`SELECT EXISTS (FROM ${qualified} LIMIT 1)`)
      if (some.getRows()[0]?.[0] === true) throw tableNotEmpty(this.description, name)
    }
  }

  #createTable(table: CdmTable, how: string): string {
    const columns = table.columns.map(
      (column) =>
        `${column.name} ${String(TYPES[column.type])}${isNeverNull(table, column) ? ' NOT NULL' : ''}`,
    )
    return `CREATE ${how} ${this.#name(table.name)} (${columns.join(', ')})`
  }

  async #openWriter(table: CdmTable): Promise<TableWriter> {
    const chunk = DuckDBDataChunk.create(
      table.columns.map(({ type }) => TYPES[type]),
      BATCH_ROWS,
    )
    const writer = {
      appender: await this.#connection.createAppender(table.name, this.#schema),
      chunk,
      filled: table.columns.map(() => true),
    }
    this.#writers.set(table.name, writer)
    return writer
  }

  #closeWriters(): void {
    for (const { appender } of this.#writers.values()) appender.closeSync()
    this.#writers.clear()
  }

  #discardWriters(): void {
    for (const { appender } of this.#writers.values()) {
      // Closing flushes, which fails in a failed transaction.
      try {
        appender.clear()
        appender.closeSync()
      } catch {
        // The data is discarded anyway.
      }
    }
    this.#writers.clear()
  }

  #count(tables: readonly CdmTable[], sql: (table: CdmTable) => string): Promise<RowCount[]> {
    return this.#wrapErrors(async () => {
      this.#closeWriters()
      const counts: RowCount[] = []
      for (const table of tables) {
        const result = await this.#connection.runAndReadAll(sql(table))
        const rows = Number(result.getRows()[0]?.[0] ?? 0)
        if (rows > 0) counts.push({ table: table.name, rows })
      }
      return counts
    })
  }

  #name(table: string): string {
    return `${quoteIdentifier(this.#schema)}.${table}`
  }

  async #run(sql: string): Promise<void> {
    await this.#connection.run(sql)
  }

  async #wrapErrors<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error: unknown) {
      throw duckDbFailure(error, this.description)
    }
  }
}

function engineValues(
  values: readonly CdmValue[],
  type: CdmType,
  length: number,
): readonly DuckDBValue[] {
  const convert = CONVERTERS[type]
  if (convert === undefined) return length === values.length ? values : values.slice(0, length)
  const converted = Array.from<DuckDBValue>({ length })
  for (let row = 0; row < length; row++) {
    const value = values[row] ?? null
    converted[row] = value === null ? null : convert(value)
  }
  return converted
}

/** Conversions for types whose values DuckDB expects in another form than `CdmValue`. */
const CONVERTERS: Partial<Record<CdmType, (value: string | number | bigint) => DuckDBValue>> = {
  id: BigInt,
  date: (days) => new DuckDBDateValue(Number(days)),
  timestamp: (micros) => new DuckDBTimestampValue(BigInt(micros)),
}

/** Throws if another load is writing the file. The file of a killed load is not locked. */
async function throwIfLocked(path: string): Promise<void> {
  if (!(await exists(path))) return
  try {
    ;(await DuckDBInstance.create(path)).closeSync()
  } catch (error: unknown) {
    if (error instanceof Error && /lock/i.test(error.message)) throw error
  }
}

async function removeDatabase(path: string): Promise<void> {
  for (const one of [path, `${path}.wal`]) await rm(one, { force: true })
  await rm(`${path}.tmp`, { force: true, recursive: true })
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

function quoteIdentifier(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}
