import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { GeneratedPassword } from './password-generator.ts'

// $warren-fast$<salt>$<key>: HMAC-SHA-256 of the password, base64 without padding. It takes microseconds, which is safe
// only because a generated password has 139 bits: docs/decisions explains it.

const SALT_BYTES = 16
const FORM = /^\$warren-fast\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/

export function hashGeneratedPassword(password: GeneratedPassword): string {
  const salt = randomBytes(SALT_BYTES)
  return `$warren-fast$${unpadded(salt)}$${unpadded(deriveKey(password, salt))}`
}

export function isGeneratedPasswordHash(stored: string): boolean {
  return FORM.test(stored)
}

/** Whether the password matches the hash of a generated password. False for any other hash. */
export function verifyGeneratedPassword(password: string, stored: string): boolean {
  const [, salt, key] = FORM.exec(stored) ?? []
  if (salt === undefined || key === undefined) return false
  return timingSafeEqual(
    deriveKey(password, Buffer.from(salt, 'base64')),
    Buffer.from(key, 'base64'),
  )
}

function deriveKey(password: string, salt: Buffer): Buffer {
  return createHmac('sha256', salt).update(password).digest()
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
