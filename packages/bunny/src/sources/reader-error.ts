/** What a reader of rows threw. It is not a failure of the database. */
export class ReaderError extends Error {
  constructor(cause: unknown) {
    super('the rows could not be read', { cause })
  }
}
