export interface BasicCredentials {
  readonly username: string
  readonly password: string
}

export type CredentialsReading =
  | { readonly kind: 'credentials'; readonly credentials: BasicCredentials }
  | { readonly kind: 'missing' }
  | { readonly kind: 'malformed' }

// RFC 7617: scheme in any case, base64, first colon separates. Padding is optional, whitespace inside is not.
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i

const utf8 = new TextDecoder('utf-8', { fatal: true })

export function readBasicCredentials(header: string | undefined): CredentialsReading {
  if (header === undefined || header.trim() === '') return { kind: 'missing' }
  const encoded = BASIC.exec(header)?.[1]
  if (encoded === undefined) return { kind: 'malformed' }
  const text = decodeText(Buffer.from(encoded, 'base64'))
  const colon = text.indexOf(':')
  if (colon < 1) return { kind: 'malformed' }
  return {
    kind: 'credentials',
    credentials: { username: text.slice(0, colon), password: text.slice(colon + 1) },
  }
}

/** We announce UTF-8; python-requests sends Latin-1 all the same, and its `é` is never valid UTF-8. */
function decodeText(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    return bytes.toString('latin1')
  }
}
