import type { Readable } from 'node:stream'
import { escapeLiteral, type ClientBase } from 'pg'
import { to as copyTo } from 'pg-copy-streams'

export interface CopyQuery {
  readonly sql: string
  /** Strings only. */
  readonly parameters: readonly unknown[]
}

/** The values of a row. Each has memory of its own. */
export type CopiedRow = readonly (Buffer | null)[]

// "PGCOPY", bytes that show a damaged transfer, and two numbers that are 0.
const HEADER_BYTES = 19

/**
 * Runs a query of text columns with COPY. The driver reads any other row as a whole, in buffers that grow and then as a string:
 * for a result of 12 MB, that is 50 MB of memory that is freed late. COPY delivers it in pieces of the network.
 */
export async function copyRows(
  client: ClientBase,
  query: CopyQuery,
): Promise<readonly CopiedRow[]> {
  const stream = copyTo(`copy (${withParameters(query)}) to stdout (format binary)`)
  const ready = Promise.withResolvers<void>()
  endTimeoutWith(stream, ready.resolve)
  client.query(stream)
  const rows = await readRows(stream)
  // The connection can be used again.
  await ready.promise
  return rows
}

/** COPY has no parameters. */
function withParameters({ sql, parameters }: CopyQuery): string {
  return sql.replaceAll(/\$(\d+)/g, (_, number: string) => {
    const value = parameters[Number(number) - 1]
    if (typeof value !== 'string') throw new TypeError('a parameter of COPY must be a string')
    return escapeLiteral(value)
  })
}

/** pg ends the timeout of a query when its callback is called, which a stream of pg-copy-streams never does. */
function endTimeoutWith(stream: Readable & { callback?: () => void }, onReady: () => void): void {
  stream.once('error', () => stream.callback?.())
  Object.assign(stream, {
    handleReadyForQuery() {
      stream.callback?.()
      onReady()
    },
  })
}

async function readRows(stream: Readable): Promise<readonly CopiedRow[]> {
  const reader = new PieceReader(stream)
  await reader.read(HEADER_BYTES)
  const rows: CopiedRow[] = []
  for (;;) {
    const columns = (await reader.read(2)).readInt16BE()
    if (columns < 0) break
    const row: (Buffer | null)[] = []
    while (row.length < columns) {
      const bytes = (await reader.read(4)).readInt32BE()
      row.push(bytes < 0 ? null : await reader.read(bytes))
    }
    rows.push(row)
  }
  await reader.end()
  return rows
}

/** Reads a known number of bytes at a time. */
class PieceReader {
  readonly #pieces: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(stream: AsyncIterable<Buffer>) {
    this.#pieces = stream[Symbol.asyncIterator]()
  }

  /** In memory of their own. */
  async read(length: number): Promise<Buffer> {
    const bytes = Buffer.from(new ArrayBuffer(length))
    let at = 0
    while (at < length) {
      if (this.#rest.length === 0) {
        const next = await this.#pieces.next()
        if (next.done === true) throw new Error('the response to COPY is incomplete')
        this.#rest = next.value
      }
      const copied = this.#rest.copy(bytes, at)
      at += copied
      this.#rest = this.#rest.subarray(copied)
    }
    return bytes
  }

  /** Ends the response, so that the connection is not closed. */
  async end(): Promise<void> {
    const next = await this.#pieces.next()
    if (next.done !== true || this.#rest.length > 0) {
      throw new Error('the response to COPY is longer than its rows')
    }
  }
}
