import { pbkdf2Sync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  hashGeneratedPassword,
  isGeneratedPasswordHash,
  verifyGeneratedPassword,
} from '../../src/nodes/generated-password-hash.ts'
import { generatePassword } from '../../src/nodes/password-generator.ts'
import {
  hashPassword,
  isOutdatedHash,
  isSlowHash,
  verifyPassword,
} from '../../src/nodes/password-hash.ts'

/** An ASP.NET Identity v3 hash, built from the specification of the format. */
function identityV3(password: string, prf: 0 | 1 | 2, iterations: number): string {
  const salt = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
  const digest = ['sha1', 'sha256', 'sha512'][prf]!
  const subkey = pbkdf2Sync(password, salt, iterations, 32, digest)
  const header = Buffer.alloc(13)
  header.writeUInt8(1, 0)
  header.writeUInt32BE(prf, 1)
  header.writeUInt32BE(iterations, 5)
  header.writeUInt32BE(salt.length, 9)
  return Buffer.concat([header, salt, subkey]).toString('base64')
}

describe('password hashes', () => {
  it('match the password that was hashed and no other', async () => {
    const stored = await hashPassword('correct horse é')
    expect(stored).toMatch(/^\$scrypt\$ln=14,r=8,p=1\$/)
    expect(await verifyPassword('correct horse é', stored)).toBe(true)
    expect(await verifyPassword('correct horse e', stored)).toBe(false)
    expect(await verifyPassword('', stored)).toBe(false)
  })

  it('are salted, so that equal passwords have different hashes', async () => {
    expect(await hashPassword('same')).not.toBe(await hashPassword('same'))
  })

  it('are verified with the cost in the stored text, so that it can be raised later', async () => {
    const stored = await hashPassword('p', { ln: 10, r: 8, p: 2 })
    expect(stored).toContain('ln=10,r=8,p=2')
    expect(await verifyPassword('p', stored)).toBe(true)
    expect(await verifyPassword('p', stored.replace('ln=10', 'ln=11'))).toBe(false)
  })

  it.each([0, 1, 2] as const)('are verified in the Identity v3 format with PRF %i', async (prf) => {
    const stored = identityV3('password1', prf, 1_000)
    expect(isSlowHash(stored)).toBe(true)
    expect(await verifyPassword('password1', stored)).toBe(true)
    expect(await verifyPassword('password2', stored)).toBe(false)
  })

  it('are verified with the parameters of the .NET relay: HMAC-SHA512, 100,000 iterations', async () => {
    // Computed with another implementation (Python's hashlib): password `password1`, salt 00..0f.
    const stored = identityV3('password1', 2, 100_000)
    expect(stored.startsWith('AQAAAAIAAYagAAAAEAABAgMEBQYHCAkKCwwNDg')).toBe(true)
    expect(stored).toBe(
      'AQAAAAIAAYagAAAAEAABAgMEBQYHCAkKCwwNDg+ZdZBJUTHo7PQXgU5USqkCvQ37Qg7QTFeB/8p4FyQiyA==',
    )
    expect(await verifyPassword('password1', stored)).toBe(true)
  })

  it.each([
    ['empty', ''],
    ['plain text', 'password1'],
    ['an unknown scheme', '$bcrypt$ln=14,r=8,p=1$AAAA$AAAA'],
    [
      'a cost that would take the memory of the machine',
      '$scrypt$ln=40,r=8,p=1$AAAA$' + 'A'.repeat(43),
    ],
    ['a key cut short', '$scrypt$ln=14,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AA'],
    ['Identity v2', Buffer.concat([Buffer.from([0]), Buffer.alloc(48)]).toString('base64')],
    [
      'an unknown PRF',
      Buffer.from('01000000090000000100000010' + '00'.repeat(48), 'hex').toString('base64'),
    ],
    [
      'a salt longer than the text',
      Buffer.from('010000000200000001000000ff' + '00'.repeat(48), 'hex').toString('base64'),
    ],
    ['text of a megabyte', 'A'.repeat(1_000_000)],
    ['followed by what base64 decoders skip', `${identityV3('password1', 2, 1_000)}\u0000`],
  ])('match no password if they are %s', async (_, stored) => {
    expect(isSlowHash(stored)).toBe(false)
    expect(await verifyPassword('password1', stored)).toBe(false)
    expect(await verifyPassword('', stored)).toBe(false)
  })
})

describe('outdated hashes', () => {
  it.each([
    ['the format of the .NET relay', identityV3('p', 2, 100_000), true],
    ['a lower cost', '$scrypt$ln=13,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$' + 'A'.repeat(43), true],
    ['the cost of today', '$scrypt$ln=14,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$' + 'A'.repeat(43), false],
    ['a higher cost', '$scrypt$ln=15,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$' + 'A'.repeat(43), false],
  ])('are recognised: %s', (_, stored, expected) => {
    expect(isOutdatedHash(stored)).toBe(expected)
  })
})

describe('hashes of generated passwords', () => {
  it('match the password that was hashed and no other', () => {
    const password = generatePassword()
    const stored = hashGeneratedPassword(password)
    expect(stored).toMatch(/^\$warren-fast\$/)
    expect(isGeneratedPasswordHash(stored)).toBe(true)
    expect(isSlowHash(stored)).toBe(false)
    expect(verifyGeneratedPassword(password, stored)).toBe(true)
    expect(verifyGeneratedPassword(generatePassword(), stored)).toBe(false)
    expect(verifyGeneratedPassword('', stored)).toBe(false)
  })

  it('are salted', () => {
    const password = generatePassword()
    expect(hashGeneratedPassword(password)).not.toBe(hashGeneratedPassword(password))
  })

  it.each(['', '!', '$warren-fast$AAAA$AAAA', '$warren-fast$$', identityV3('p', 2, 1_000)])(
    'match no password if they are malformed: %j',
    (stored) => {
      expect(isGeneratedPasswordHash(stored)).toBe(false)
      expect(verifyGeneratedPassword('', stored)).toBe(false)
    },
  )
})

describe('generated passwords', () => {
  it('are 24 letters and digits, without characters that need quoting or look alike', () => {
    for (let i = 0; i < 200; i += 1) expect(generatePassword()).toMatch(/^[a-zA-Z2-9]{24}$/)
    expect(generatePassword()).not.toMatch(/[0O1lI]/)
  })

  it('contain every character with the same probability', () => {
    const asked: number[] = []
    const password = generatePassword((below) => {
      asked.push(below)
      return asked.length - 1
    })
    expect(new Set(asked)).toEqual(new Set([57]))
    expect(password).toBe('abcdefghijkmnopqrstuvwxy')
  })
})
