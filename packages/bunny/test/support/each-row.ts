import type { CdmSource } from '../../src/sources/cdm-source.ts'

/** `each` of a source whose `query` a test replaces. */
export const eachRowOf =
  (query: CdmSource['query']): CdmSource['each'] =>
  async (statement, start, options) => {
    const read = start()
    for (const row of await query(statement, options)) read(row)
  }
