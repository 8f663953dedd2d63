import type { TaskApiError } from '@warren/task-api'

/** What the site can do about a poll that fails, where it is theirs to act. */
export function adviceFor(error: TaskApiError): string | undefined {
  switch (error.status) {
    case 401:
      return 'the relay refuses our credentials: check TASK_API_USERNAME and TASK_API_PASSWORD, and that COLLECTION_ID belongs to that user'
    case 403:
      return 'the relay knows us but does not let us in: ask its operator whether this collection is active'
    case 404:
      return 'the relay does not know this address: check the path of TASK_API_BASE_URL and COLLECTION_ID'
    case undefined:
    default:
  }
  if (error.kind === 'invalid-response') {
    return 'something other than a relay answered: check TASK_API_BASE_URL and any proxy in between'
  }
  return error.code.startsWith('TLS')
    ? 'the certificate is not trusted here: check the relay host name, the clock, and NODE_EXTRA_CA_CERTS'
    : undefined
}
