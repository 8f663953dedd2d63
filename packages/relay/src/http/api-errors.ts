export interface ApiErrorEntry {
  readonly status: number
  /** Whether the same request may succeed later. Nodes give up on 4xx and try again on 5xx, so this decides the status. */
  readonly retryable: boolean
  readonly title: string
  /** What the person who runs the node (or this hub) should do. */
  readonly action: string
}

/** Every error this API answers with. `docs/errors.md` is held equal to it by a test. */
export const API_ERRORS = {
  RELAY_UNAUTHORIZED: {
    status: 401,
    retryable: false,
    title: 'The login is not valid for this collection',
    action:
      'Check user name, password and collection id of the node. The reason stands in the log of the hub, not in the answer.',
  },
  RELAY_TOO_MANY_LOGINS: {
    status: 429,
    retryable: true,
    title: 'Too many failed logins',
    action: 'Correct the password; a valid login is accepted again after the time in Retry-After.',
  },
  RELAY_UNSUPPORTED_TYPE: {
    status: 400,
    retryable: false,
    title: 'This type of task is not served',
    action:
      'Poll the collection id alone, or with the suffix .a (availability) or .b (distribution).',
  },
  RELAY_BAD_REQUEST: {
    status: 400,
    retryable: false,
    title: 'The request cannot be understood',
    action: 'Compare the request with the description of the Task API.',
  },
  RELAY_MALFORMED_RESULT: {
    status: 400,
    retryable: false,
    title: 'The result cannot be read',
    action: 'The answer lists each problem with its place. Report it to the makers of the client.',
  },
  RELAY_NO_SUCH_TASK: {
    status: 404,
    retryable: false,
    title: 'This collection has no such task',
    action: 'Nothing: the task was answered and forgotten, or was never handed to this node.',
  },
  RELAY_NO_SUCH_PATH: {
    status: 404,
    retryable: false,
    title: 'Nothing is served at this path',
    action: 'Check the base URL of the node; it ends in /link_connector_api.',
  },
  RELAY_METHOD_NOT_ALLOWED: {
    status: 405,
    retryable: false,
    title: 'The path does not take this method',
    action: 'Use a method of the Allow header.',
  },
  RELAY_ALREADY_ANSWERED: {
    status: 409,
    retryable: false,
    title: 'Job file already uploaded',
    action:
      'Nothing: the task was settled before this answer came. Make the node faster if it happens often.',
  },
  RELAY_BODY_TOO_LARGE: {
    status: 413,
    retryable: false,
    title: 'The result is larger than this hub takes',
    action: 'Raise RELAY_MAX_BODY_BYTES on the hub, or let the node publish fewer rows.',
  },
  RELAY_UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    retryable: false,
    title: 'A result has to be JSON',
    action: 'Send Content-Type: application/json, without a Content-Encoding.',
  },
  RELAY_INTERNAL: {
    status: 500,
    retryable: true,
    title: 'The hub failed to handle the request',
    action: 'Look for the request id in the log of the hub and report what stands there.',
  },
  RELAY_STORE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    title: 'The database of the hub cannot be reached',
    action: 'Nothing on the node. On the hub see /readyz and the database.',
  },
  RELAY_BUSY: {
    status: 503,
    retryable: true,
    title: 'The hub has more logins to check than it can work off',
    action: 'Nothing: the node tries again. If it lasts, somebody floods the hub with logins.',
  },
  RELAY_STOPPING: {
    status: 503,
    retryable: true,
    title: 'The hub is stopping',
    action: 'Nothing: the node tries again and reaches the hub that takes over.',
  },
} as const satisfies Record<string, ApiErrorEntry>

export type ApiErrorCode = keyof typeof API_ERRORS

export interface ApiErrorOptions {
  readonly detail?: string
  readonly retryAfterSeconds?: number
  readonly problems?: readonly { readonly path: string; readonly message: string }[]
  readonly cause?: unknown
}

/** Thrown by a route, turned into an answer in one place. Its text goes to the client: no secrets in `detail`. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ApiErrorCode
  readonly options: ApiErrorOptions

  constructor(code: ApiErrorCode, options: ApiErrorOptions = {}) {
    super(options.detail ?? API_ERRORS[code].title, { cause: options.cause })
    this.code = code
    this.options = options
  }

  get entry(): ApiErrorEntry {
    return API_ERRORS[this.code]
  }
}
