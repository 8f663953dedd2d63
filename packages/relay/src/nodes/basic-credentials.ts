import { parseBasicCredentials } from '@warren/task-api'

export interface BasicCredentials {
  readonly username: string
  readonly password: string
}

export type CredentialsReading =
  | { readonly kind: 'credentials'; readonly credentials: BasicCredentials }
  | { readonly kind: 'missing' }
  | { readonly kind: 'malformed' }

/** Tells a node that sent no login from one whose login cannot be read: the log names them apart. */
export function readBasicCredentials(header: string | undefined): CredentialsReading {
  if (header === undefined || header.trim() === '') return { kind: 'missing' }
  const credentials = parseBasicCredentials(header)
  // Nobody has such a name, and failed logins are remembered by name.
  if (credentials === undefined || !/^[^]{1,256}$/.test(credentials.username)) {
    return { kind: 'malformed' }
  }
  return { kind: 'credentials', credentials }
}
