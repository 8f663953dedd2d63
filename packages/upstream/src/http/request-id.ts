import { newRequestId } from '@warren/runtime'

// Anything else could forge log lines.
const VALID_ID = /^[A-Za-z0-9][A-Za-z0-9._:/+=-]{3,127}$/

/** The client's own id if it is a sane one, so that both logs name the same request. */
export function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && VALID_ID.test(header) ? header : newRequestId()
}
