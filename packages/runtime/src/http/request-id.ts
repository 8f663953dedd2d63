import { newRequestId } from '../process/identifiers.ts'

// Matches what clients and proxies send: UUIDs, hex, ULIDs, W3C trace IDs. Anything else could forge log lines.
const SAFE_ID = /^[A-Za-z0-9][A-Za-z0-9._:/+=-]{3,127}$/

/** The ID sent by the client if it is safe to log, so that both logs name the same request; otherwise a new one. */
export function chooseRequestId(header: string | string[] | undefined): string {
  return typeof header === 'string' && SAFE_ID.test(header) ? header : newRequestId()
}
