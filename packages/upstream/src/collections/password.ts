import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** 192 bits, as text that survives being pasted into any configuration file. */
export function newPassword(): string {
  return randomBytes(24).toString('base64url')
}

// A slow hash protects passwords people choose. These are random and long: guessing is hopeless at any
// speed, and a poll every few seconds must stay cheap.
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex')
}

/** Takes the same time whatever was given. */
export function matchesDigest(secret: string, digest: string): boolean {
  return timingSafeEqual(Buffer.from(digestOf(secret), 'hex'), Buffer.from(digest, 'hex'))
}
