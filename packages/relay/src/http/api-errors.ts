import { defineErrors, HttpError, type HttpErrorOptions } from '@warren/runtime/http'

/** Every error of this API. `npm run docs:write` writes `docs/errors.md` from it. */
export const API_ERRORS = defineErrors({
  RELAY_UNAUTHORIZED: {
    status: 401,
    retryable: false,
    title: 'The credentials are not valid for this collection ID',
    action:
      'Check the user name, password and collection ID of the bunny. The relay log contains the reason; this response does not.',
  },
  RELAY_TOO_MANY_LOGINS: {
    status: 429,
    retryable: true,
    title: 'Too many failed logins',
    action: 'Correct the password. Valid credentials are accepted at any time.',
  },
  RELAY_CERTIFICATE_REQUIRED: {
    status: 403,
    retryable: false,
    title: 'The client has no valid certificate',
    action:
      'Connect with a client certificate that is signed by an authority in RELAY_TLS_CLIENT_CA_FILE of the relay. A proxy in between must pass TLS through.',
  },
  RELAY_METRICS_CLOSED: {
    status: 403,
    retryable: false,
    title: 'The metrics cannot be read from this address',
    action:
      'Set RELAY_METRICS_TOKEN on the relay and send it as Bearer token, or add the address to RELAY_METRICS_READERS.',
  },
  RELAY_UNSUPPORTED_TYPE: {
    status: 400,
    retryable: false,
    title: 'Unknown type of task',
    action:
      'Poll the collection ID alone, or with the suffix .a (availability) or .b (distribution).',
  },
  RELAY_BAD_REQUEST: {
    status: 400,
    retryable: false,
    title: 'The request is malformed',
    action: 'Compare the request with the specification of the Task API.',
  },
  RELAY_MALFORMED_RESULT: {
    status: 400,
    retryable: false,
    title: 'The result is malformed',
    action: 'Report the problems in this response to the developers of the bunny.',
  },
  RELAY_NO_SUCH_TASK: {
    status: 404,
    retryable: false,
    title: 'Unknown task for this collection ID',
    action:
      'No action needed: the task was settled and deleted, or was never handed out to this node.',
  },
  RELAY_NO_SUCH_PATH: {
    status: 404,
    retryable: false,
    title: 'Unknown path',
    action: 'Check the base URL in the configuration of the bunny: it ends in /link_connector_api.',
  },
  RELAY_METHOD_NOT_ALLOWED: {
    status: 405,
    retryable: false,
    title: 'This path does not support this method',
    action: 'Use a method from the Allow header.',
  },
  RELAY_BODY_TOO_SLOW: {
    status: 408,
    retryable: true,
    title: 'The result arrives too slowly',
    action:
      'No action needed: the bunny retries. If it continues, check the network between the bunny and this relay.',
  },
  RELAY_ALREADY_ANSWERED: {
    status: 409,
    retryable: false,
    title: 'Job file already uploaded',
    action:
      'No action needed: the task was settled before this result arrived. If it happens often, find out why this site answers slowly.',
  },
  RELAY_BODY_TOO_LARGE: {
    status: 413,
    retryable: false,
    title: 'The result is larger than this relay accepts',
    action: 'Raise RELAY_MAX_BODY_BYTES on the relay, or make the bunny send fewer rows.',
  },
  RELAY_UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    retryable: false,
    title: 'A result must be JSON',
    action: 'Send Content-Type: application/json without Content-Encoding.',
  },
  RELAY_INTERNAL: {
    status: 500,
    retryable: true,
    title: 'The relay failed to handle the request',
    action: 'Find this request ID in the relay log and report the error you see there.',
  },
  RELAY_STORE_UNAVAILABLE: {
    status: 503,
    retryable: true,
    title: 'The relay cannot reach its database',
    action:
      'No action needed on the bunny, which retries. On the relay, check /readyz and the database.',
  },
  RELAY_BUSY: {
    status: 503,
    retryable: true,
    title: 'Too many logins or large results at once',
    action:
      'No action needed: the bunny retries. If it continues, check the relay log for a client that retries in a loop.',
  },
  RELAY_STOPPING: {
    status: 503,
    retryable: true,
    title: 'The relay is shutting down',
    action: 'No action needed: the bunny retries and reaches a running relay.',
  },
})

export type ApiErrorCode = keyof typeof API_ERRORS

/** Thrown by routes; the error handler sends it. */
export class ApiError extends HttpError<ApiErrorCode> {
  override readonly name = 'ApiError'

  constructor(code: ApiErrorCode, options: HttpErrorOptions = {}) {
    super(API_ERRORS, code, options)
  }
}
