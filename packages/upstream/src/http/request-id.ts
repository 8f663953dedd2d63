import { newRequestId } from '@warren/runtime'

// Other characters could forge log lines.
const VALID_ID = /^[A-Za-z0-9][A-Za-z0-9._:/+=-]{3,127}$/

/** The client's request ID if it is valid, so that both logs have the same ID; otherwise a new one. */
export function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && VALID_ID.test(header) ? header : newRequestId()
}
