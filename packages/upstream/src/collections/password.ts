import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** 192 bits, in characters that need no escaping in any configuration file. */
export function newPassword(): string {
  return randomBytes(24).toString('base64url')
}

// A slow hash protects passwords that people choose. These are random and too long to guess at any speed, and the check
// must be cheap because it runs at every poll.
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex')
}

/** Takes the same time for every secret. */
export function matchesDigest(secret: string, digest: string): boolean {
  return timingSafeEqual(Buffer.from(digestOf(secret), 'hex'), Buffer.from(digest, 'hex'))
}
