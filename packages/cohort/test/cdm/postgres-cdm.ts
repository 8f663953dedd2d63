import { createDatabase } from '@warren/testkit'
import { Client } from 'pg'
import type { CdmData, SqlStatement } from '../../src/index.ts'
import { type CdmDatabase, selectIds } from './cdm-database.ts'
import { createTablesSql, replaceRowsSql } from './cdm-sql.ts'

export class PostgresCdm implements CdmDatabase {
  readonly #client: Client
  readonly #resources: AsyncDisposableStack

  readonly #schema: string

  private constructor(schema: string, client: Client, resources: AsyncDisposableStack) {
    this.#schema = schema
    this.#client = client
    this.#resources = resources
  }

  static async create(schema: string): Promise<PostgresCdm> {
    await using resources = new AsyncDisposableStack()
    const database = resources.use(await createDatabase())
    const client = new Client({ connectionString: database.url })
    await client.connect()
    resources.defer(() => client.end())
    const cdm = new PostgresCdm(schema, client, resources.move())
    await cdm.run(createTablesSql(schema))
    return cdm
  }

  load(data: CdmData): Promise<void> {
    return this.run(replaceRowsSql(this.#schema, data))
  }

  async run(script: string): Promise<void> {
    await this.#client.query(script)
  }

  async count(statement: SqlStatement): Promise<number> {
    const [persons = Number.NaN] = await this.#numbers(statement)
    return persons
  }

  persons(statement: SqlStatement): Promise<number[]> {
    return this.#numbers(selectIds(statement))
  }

  async #numbers({ text, values }: SqlStatement): Promise<number[]> {
    const { rows } = await this.#client.query<{ persons: string | number }>(text, [...values])
    return rows.map(({ persons }) => Number(persons))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync()
  }
}
