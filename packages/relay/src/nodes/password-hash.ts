import { pbkdf2, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

// The slow hashes, for passwords that people choose. Two formats are verified; only the first is written:
//
//   $scrypt$ln=14,r=8,p=1$<salt>$<key>   PHC string, base64 without padding, ln = log2 of the cost
//   AQAAAAIAAYag...                      ASP.NET Identity v3, as the .NET relay stores it, so that its users can be
//                                        imported: base64 of 0x01, PRF (uint32 BE), iterations (uint32 BE),
//                                        salt length (uint32 BE), salt, PBKDF2 subkey
//
// ln=14 takes about 45 ms. The cost is part of the stored text, so raising it leaves old hashes valid. A login rehashes
// them.

export interface HashCost {
  /** log2 of scrypt's N. Memory for one hash is 128 * r * 2^ln bytes. */
  readonly ln: number
  readonly r: number
  readonly p: number
}

export const DEFAULT_HASH_COST: HashCost = { ln: 14, r: 8, p: 1 }

const SALT_BYTES = 16
const KEY_BYTES = 32

// Limits for stored hashes, so that a corrupt one cannot make a verification take minutes or gigabytes.
const MAX_LN = 20
const MAX_R = 32
const MAX_P = 16
const MAX_ITERATIONS = 10_000_000
const MAX_STORED_LENGTH = 1024

const IDENTITY_V3 = 0x01
const IDENTITY_HEADER_BYTES = 13
const IDENTITY_DIGESTS = ['sha1', 'sha256', 'sha512']

const scryptKey = promisify<string, Buffer, number, object, Buffer>(scrypt)
const pbkdf2Key = promisify(pbkdf2)

export async function hashPassword(password: string, cost = DEFAULT_HASH_COST): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const key = await deriveScrypt(password, salt, KEY_BYTES, cost)
  return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${unpadded(salt)}$${unpadded(key)}`
}

/** Whether the password matches the stored hash. A malformed hash matches no password. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const hash = readHash(stored)
  if (hash === undefined) return false
  const key =
    hash.kind === 'scrypt'
      ? await deriveScrypt(password, hash.salt, hash.key.length, hash.cost)
      : await pbkdf2Key(password, hash.salt, hash.iterations, hash.key.length, hash.digest)
  return timingSafeEqual(key, hash.key)
}

/** Whether `verifyPassword` supports the format of a hash. */
export function isSlowHash(stored: string): boolean {
  return readHash(stored) !== undefined
}

/** Whether a hash has another format or a lower cost than `hashPassword` writes. */
export function isOutdatedHash(stored: string): boolean {
  const hash = readHash(stored)
  if (hash?.kind !== 'scrypt') return true
  const { ln, r, p } = DEFAULT_HASH_COST
  return hash.cost.ln < ln || hash.cost.r < r || hash.cost.p < p
}

type StoredHash =
  | { kind: 'scrypt'; cost: HashCost; salt: Buffer; key: Buffer }
  | { kind: 'identity-v3'; digest: string; iterations: number; salt: Buffer; key: Buffer }

function readHash(stored: string): StoredHash | undefined {
  if (stored.length > MAX_STORED_LENGTH) return undefined
  return stored.startsWith('$') ? readScrypt(stored) : readIdentityV3(stored)
}

function readScrypt(stored: string): StoredHash | undefined {
  const parts =
    /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(
      stored,
    )
  if (parts === null) return undefined
  const [, ln = '', r = '', p = '', salt = '', key = ''] = parts
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) }
  if (cost.ln < 1 || cost.ln > MAX_LN || cost.r < 1 || cost.r > MAX_R) return undefined
  if (cost.p < 1 || cost.p > MAX_P) return undefined
  const keyBytes = Buffer.from(key, 'base64')
  // Any password matches a key that is truncated to one byte with probability 2^-8.
  if (keyBytes.length < 16) return undefined
  return { kind: 'scrypt', cost, salt: Buffer.from(salt, 'base64'), key: keyBytes }
}

function readIdentityV3(stored: string): StoredHash | undefined {
  // Node.js skips what is not base64, and the database would store it.
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(stored)) return undefined
  const bytes = Buffer.from(stored, 'base64')
  if (bytes.length < IDENTITY_HEADER_BYTES || bytes[0] !== IDENTITY_V3) return undefined
  const digest = IDENTITY_DIGESTS[bytes.readUInt32BE(1)]
  const iterations = bytes.readUInt32BE(5)
  const saltLength = bytes.readUInt32BE(9)
  if (digest === undefined || iterations < 1 || iterations > MAX_ITERATIONS) return undefined
  // ASP.NET Identity also rejects salts and subkeys under 128 bits.
  if (saltLength < 16 || bytes.length < IDENTITY_HEADER_BYTES + saltLength + 16) return undefined
  const salt = bytes.subarray(IDENTITY_HEADER_BYTES, IDENTITY_HEADER_BYTES + saltLength)
  const key = bytes.subarray(IDENTITY_HEADER_BYTES + saltLength)
  return { kind: 'identity-v3', digest, iterations, salt, key }
}

function deriveScrypt(password: string, salt: Buffer, length: number, cost: HashCost) {
  const N = 2 ** cost.ln
  // Node.js rejects more than 32 MiB by default. This is the memory needed, plus a margin for p.
  const maxmem = 128 * N * cost.r + 128 * cost.r * cost.p + 1024 * 1024
  return scryptKey(password, salt, length, { N, r: cost.r, p: cost.p, maxmem })
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
