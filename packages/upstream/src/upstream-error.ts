export interface UpstreamErrorEntry {
  readonly status: number
  readonly title: string
  /** What the person who gets it should do. */
  readonly action: string
}

/** Every error this server answers with. The README is held equal to it by a test. */
export const UPSTREAM_ERRORS = {
  NOT_LOGGED_IN: {
    status: 401,
    title: 'User name or password is missing or wrong',
    action: 'Use the login that "collections add" printed.',
  },
  OTHER_COLLECTION: {
    status: 403,
    title: 'This login belongs to another collection',
    action: 'Check the collection id of the client.',
  },
  UNKNOWN_COLLECTION: {
    status: 404,
    title: 'There is no such collection',
    action: 'See "collections list".',
  },
  BAD_SUFFIX: {
    status: 400,
    title: 'Tasks are of type a or b',
    action: 'Poll COLLECTION.a for counts and COLLECTION.b for distributions.',
  },
  UNKNOWN_TASK: {
    status: 404,
    title: 'This collection has no such task',
    action: 'Nothing: the task was never handed to this collection, or was forgotten.',
  },
  ALREADY_ANSWERED: {
    status: 409,
    title: 'Job file already uploaded',
    action: 'Nothing: an answer to this task is stored.',
  },
  BAD_RESULT: {
    status: 400,
    title: 'The result cannot be read',
    action: 'Each problem is listed with its place. The task is marked failed.',
  },
  NOT_AN_ASKER: {
    status: 401,
    title: 'Asking needs a token',
    action: 'Send UPSTREAM_ASKER_TOKEN as "Authorization: Bearer".',
  },
  NOT_FROM_HERE: {
    status: 403,
    title: 'Without a token only this machine may ask',
    action: 'Call the server by a loopback name, or set UPSTREAM_ASKER_TOKEN.',
  },
  BAD_TASK: {
    status: 400,
    title: 'The question cannot be understood',
    action: 'Each problem is listed with its place.',
  },
  COLLECTION_NEEDED: {
    status: 400,
    title: 'It is not clear which collection is asked',
    action: 'Say "collection", by id or name.',
  },
  COLLECTION_SUSPENDED: {
    status: 409,
    title: 'The collection has not been heard of for too long',
    action: 'Start its relay or bunny: its next poll for counts ends the suspension.',
  },
  UUID_TAKEN: {
    status: 409,
    title: 'A question with this uuid was asked before',
    action: 'Leave uuid out, or ask for that question.',
  },
  TOO_MANY_QUESTIONS: {
    status: 429,
    title: 'Too many questions are waiting for this collection',
    action: 'Wait for answers.',
  },
  UNKNOWN_QUESTION: {
    status: 404,
    title: 'There is no such question',
    action: 'Check the uuid; settled questions are forgotten after UPSTREAM_RETENTION.',
  },
  INVALID_NAME: {
    status: 400,
    title: 'A collection needs a name of 1 to 100 characters',
    action: 'Choose another one, without control characters.',
  },
  NAME_TAKEN: {
    status: 409,
    title: 'There is a collection of this name',
    action: 'Choose another name.',
  },
  TOO_MANY_COLLECTIONS: {
    status: 409,
    title: 'There are too many collections',
    action: 'Use another server.',
  },
  BAD_REQUEST: {
    status: 400,
    title: 'The request cannot be understood',
    action: 'Compare it with the description of the API.',
  },
  NO_SUCH_PATH: {
    status: 404,
    title: 'Nothing is served at this path',
    action: 'Check the base URL: it ends in /api/v1 or /link_connector_api.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    title: 'The body is too large',
    action: 'A question may have 1 MiB, a result 32 MiB.',
  },
  NOT_JSON: {
    status: 415,
    title: 'The body has to be JSON',
    action: 'Send Content-Type: application/json, without a Content-Encoding.',
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    title: 'Too many requests from this address',
    action: 'Slow down: Retry-After says until when.',
  },
  INTERNAL: {
    status: 500,
    title: 'The server failed to handle the request',
    action: 'Look for the request id in its log.',
  },
} as const satisfies Record<string, UpstreamErrorEntry>

export type UpstreamErrorCode = keyof typeof UPSTREAM_ERRORS

export interface UpstreamErrorOptions {
  readonly detail?: string
  readonly retryAfterSeconds?: number
  readonly problems?: readonly { readonly path: string; readonly message: string }[]
  readonly cause?: unknown
}

/** Turned into an answer in one place. Its text goes to the client: no secrets in `detail`. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly code: UpstreamErrorCode
  readonly options: UpstreamErrorOptions

  constructor(code: UpstreamErrorCode, options: UpstreamErrorOptions = {}) {
    super(
      options.detail ?? UPSTREAM_ERRORS[code].title,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.code = code
    this.options = options
  }
}
