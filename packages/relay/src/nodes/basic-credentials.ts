import { parseBasicCredentials } from '@warren/task-api'

export interface BasicCredentials {
  readonly username: string
  readonly password: string
}

export type CredentialsReading =
  | { readonly kind: 'credentials'; readonly credentials: BasicCredentials }
  | { readonly kind: 'missing' }
  | { readonly kind: 'malformed' }

/** Reads a Basic header. The log distinguishes missing from malformed credentials. */
export function readBasicCredentials(header: string | undefined): CredentialsReading {
  if (header === undefined || header.trim() === '') return { kind: 'missing' }
  const credentials = parseBasicCredentials(header)
  if (credentials === undefined || credentials.username === '') return { kind: 'malformed' }
  return { kind: 'credentials', credentials }
}
