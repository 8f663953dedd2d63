/** An error that an HTTP API returns. */
export interface ErrorEntry {
  readonly status: number
  /** Whether the same request may succeed later. It decides the status: existing bunnies retry after 5xx, but not after 4xx. */
  readonly retryable: boolean
  readonly title: string
  /** What the person who receives the error should do. */
  readonly action: string
}

/** All errors of an API, by their code. The page that documents them is generated from it. */
export type ErrorCatalogue<Code extends string = string> = Readonly<Record<Code, ErrorEntry>>

/** Keeps the codes of a catalogue as its type. */
export function defineErrors<const Code extends string>(
  entries: ErrorCatalogue<Code>,
): ErrorCatalogue<Code> {
  return entries
}

export interface HttpErrorOptions {
  /** The client receives it, so it must not contain secrets. */
  readonly detail?: string
  readonly retryAfterSeconds?: number
  readonly problems?: readonly { readonly path: string; readonly message: string }[]
  readonly cause?: unknown
}

/** Thrown while a request is handled, and sent by the error handler of the API. */
export abstract class HttpError<Code extends string> extends Error {
  readonly code: Code
  readonly entry: ErrorEntry
  readonly options: HttpErrorOptions

  constructor(catalogue: ErrorCatalogue<Code>, code: Code, options: HttpErrorOptions) {
    const entry = catalogue[code]
    const { detail, cause } = options
    super(detail ?? entry.title, cause === undefined ? undefined : { cause })
    this.code = code
    this.entry = entry
    this.options = options
  }
}
