import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import type { CdmData, SqlStatement } from '../../src/index.ts'
import { type CdmDatabase, selectIds } from './cdm-database.ts'
import { createTablesSql, replaceRowsSql } from './cdm-sql.ts'

export class DuckDbCdm implements CdmDatabase {
  readonly #instance: DuckDBInstance
  readonly #connection: DuckDBConnection

  readonly #schema: string

  private constructor(schema: string, instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#schema = schema
    this.#instance = instance
    this.#connection = connection
  }

  static async create(schema: string): Promise<DuckDbCdm> {
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
    const cdm = new DuckDbCdm(schema, instance, await instance.connect())
    await cdm.run(createTablesSql(schema))
    return cdm
  }

  load(data: CdmData): Promise<void> {
    return this.run(replaceRowsSql(this.#schema, data))
  }

  async run(script: string): Promise<void> {
    await this.#connection.run(script)
  }

  async count(statement: SqlStatement): Promise<number> {
    const [persons = Number.NaN] = await this.#numbers(statement)
    return persons
  }

  persons(statement: SqlStatement): Promise<number[]> {
    return this.#numbers(selectIds(statement))
  }

  async #numbers({ text, values }: SqlStatement): Promise<number[]> {
    const reader = await this.#connection.runAndReadAll(text, [...values])
    return reader.getRows().map(([cell]) => Number(cell))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.closeSync()
    this.#instance.closeSync()
    await Promise.resolve()
  }
}
