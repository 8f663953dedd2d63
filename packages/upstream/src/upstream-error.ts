import { defineErrors, HttpError, type HttpErrorOptions } from '@warren/runtime/http'

/** Every error that this upstream returns. `npm run docs:write` writes `docs/errors.md` from it. */
export const UPSTREAM_ERRORS = defineErrors({
  NOT_LOGGED_IN: {
    status: 401,
    retryable: false,
    title: 'The user name or password is missing or wrong',
    action: 'Use the credentials that "warren upstream collections add" printed.',
  },
  OTHER_COLLECTION: {
    status: 403,
    retryable: false,
    title: 'The credentials belong to another collection',
    action: 'Check the collection ID in the configuration of the relay or bunny.',
  },
  UNKNOWN_COLLECTION: {
    status: 404,
    retryable: false,
    title: 'The collection does not exist',
    action: 'List all collections with: warren upstream collections list',
  },
  BAD_SUFFIX: {
    status: 400,
    retryable: false,
    title: 'The task type must be a or b',
    action: 'Poll COLLECTION.a for counts and COLLECTION.b for distributions.',
  },
  UNKNOWN_TASK: {
    status: 404,
    retryable: false,
    title: 'This collection has no such task',
    action: 'Do nothing: the task was never handed to this collection, or was deleted.',
  },
  ALREADY_ANSWERED: {
    status: 409,
    retryable: false,
    title: 'Job file already uploaded',
    action: 'Do nothing: a result for this task is stored.',
  },
  BAD_RESULT: {
    status: 400,
    retryable: false,
    title: 'The result is not valid',
    action: 'Correct the listed problems. The task is marked as failed.',
  },
  NOT_AN_ASKER: {
    status: 401,
    retryable: false,
    title: 'Asking requires a token',
    action: 'Send UPSTREAM_ASKER_TOKEN as "Authorization: Bearer".',
  },
  NOT_FROM_HERE: {
    status: 403,
    retryable: false,
    title: 'Without a token only this machine may ask',
    action: 'Use a loopback name in the URL, or set UPSTREAM_ASKER_TOKEN.',
  },
  BAD_TASK: {
    status: 400,
    retryable: false,
    title: 'The question is not valid',
    action: 'Correct the listed problems.',
  },
  COLLECTION_NEEDED: {
    status: 400,
    retryable: false,
    title: 'The collection to ask is not clear',
    action: 'Set "collection" (--collection on the command line) to an ID or a name.',
  },
  NO_COLLECTION: {
    status: 409,
    retryable: false,
    title: 'There is no collection',
    action: 'Create one with: warren upstream collections add north',
  },
  COLLECTION_SUSPENDED: {
    status: 409,
    retryable: false,
    title: 'The collection has not polled for too long',
    action: 'Start its relay or bunny. Its next poll for counts ends the suspension.',
  },
  UUID_TAKEN: {
    status: 409,
    retryable: false,
    title: 'A question with this uuid already exists',
    action: 'Leave out the uuid, or use a new one.',
  },
  TOO_MANY_QUESTIONS: {
    status: 429,
    retryable: true,
    title: 'Too many questions are waiting for this collection',
    action: 'Wait for results.',
  },
  UNKNOWN_QUESTION: {
    status: 404,
    retryable: false,
    title: 'The question does not exist',
    action: 'Check the uuid. Settled questions are deleted after UPSTREAM_RETENTION.',
  },
  ALREADY_SETTLED: {
    status: 409,
    retryable: false,
    title: 'The question is settled',
    action: 'Only a question without a result can be cancelled.',
  },
  INVALID_NAME: {
    status: 400,
    retryable: false,
    title: 'The name of a collection must have 1 to 100 characters',
    action: 'Choose another name, without control characters.',
  },
  NAME_TAKEN: {
    status: 409,
    retryable: false,
    title: 'A collection with this name already exists',
    action: 'Choose another name.',
  },
  TOO_MANY_COLLECTIONS: {
    status: 409,
    retryable: false,
    title: 'There are too many collections',
    action: 'Use another upstream.',
  },
  BAD_REQUEST: {
    status: 400,
    retryable: false,
    title: 'The request is not valid',
    action: 'Compare the request with the description of the API.',
  },
  NO_SUCH_PATH: {
    status: 404,
    retryable: false,
    title: 'The path does not exist',
    action: 'Check the base URL: it must end in /api/v1 or /link_connector_api.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    retryable: false,
    title: 'The body is too large',
    action: 'Send at most 1 MiB for a question and 32 MiB for a result.',
  },
  BODY_TOO_SLOW: {
    status: 408,
    retryable: true,
    title: 'The body arrives too slowly',
    action: 'Send the request again. If it happens often, check the network.',
  },
  NOT_JSON: {
    status: 415,
    retryable: false,
    title: 'The body must be JSON',
    action: 'Send Content-Type: application/json, without a Content-Encoding.',
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    retryable: true,
    title: 'Too many requests from this address',
    action: 'Wait as long as the Retry-After header states.',
  },
  BUSY: {
    status: 503,
    retryable: true,
    title: 'Too many large bodies are being sent at once',
    action: 'Wait as long as the Retry-After header states.',
  },
  INTERNAL: {
    status: 500,
    retryable: true,
    title: 'The upstream failed to handle the request',
    action: 'Find this request ID in the log of the upstream and report the error you see there.',
  },
})

export type UpstreamErrorCode = keyof typeof UPSTREAM_ERRORS

/** Becomes an error response. */
export class UpstreamError extends HttpError<UpstreamErrorCode> {
  override readonly name = 'UpstreamError'

  constructor(code: UpstreamErrorCode, options: HttpErrorOptions = {}) {
    super(UPSTREAM_ERRORS, code, options)
  }
}
