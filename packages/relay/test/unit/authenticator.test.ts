import { EventEmitter } from 'node:events'
import { until } from '@warren/testkit'
import { beforeAll, describe, expect, it } from 'vitest'
import { AttemptThrottle } from '../../src/nodes/attempt-throttle.ts'
import { Authenticator } from '../../src/nodes/authenticator.ts'
import { LoginsBusyError } from '../../src/nodes/login-gate.ts'
import { hashGeneratedPassword } from '../../src/nodes/generated-password-hash.ts'
import { PasswordChecks } from '../../src/nodes/password-checks.ts'
import { generatePassword } from '../../src/nodes/password-generator.ts'
import { hashPassword } from '../../src/nodes/password-hash.ts'
import type { LoginVersion } from '../../src/store/user-store.ts'
import { canonicalUsername } from '../../src/vocabulary/username.ts'
import type { LoginDirectory, LoginRecord } from '../../src/nodes/verified-logins.ts'

const NODE_A = '3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a11'
const NODE_B = '4f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a12'
const basic = (name: string, password: string) =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`

const generatedPassword = generatePassword()

let hash1 = ''
let hash2 = ''
beforeAll(async () => {
  hash1 = await hashPassword('password1')
  hash2 = await hashPassword('password2')
})

/** A directory in memory that counts look-ups. */
class Directory implements LoginDirectory {
  readonly users = new Map<string, LoginRecord>()
  lookUps = 0
  listings = 0
  failure: Error | undefined

  constructor() {
    this.put('user1', hash1, [NODE_A])
    this.put('User2', hash2, [NODE_B])
  }

  /** Adds a user, or changes its password and nodes. */
  put(name: string, passwordHash: string, nodeIds: readonly string[]): void {
    const key = canonicalUsername(name)
    const before = this.users.get(key)
    const changes = before?.passwordHash === passwordHash ? 0 : 1
    const passwordVersion = (before?.passwordVersion ?? 0) + changes
    const record = { id: key, name, passwordHash, passwordVersion, nodeIds }
    this.users.set(key, { ...record, disabledAt: null, earlierPassword: null })
  }

  change(name: string, change: Partial<LoginRecord>): void {
    const key = canonicalUsername(name)
    const record = this.users.get(key)
    if (record === undefined) throw new Error(`unknown user ${name}`)
    this.users.set(key, { ...record, ...change })
  }

  versionOf(name: string): LoginVersion {
    const { id = '', passwordVersion = 0 } = this.users.get(canonicalUsername(name)) ?? {}
    return { userId: id, passwordVersion, earlierVersion: null }
  }

  findUser(name: string): Promise<LoginRecord | null> {
    this.lookUps += 1
    if (this.failure !== undefined) return Promise.reject(this.failure)
    return Promise.resolve(this.users.get(canonicalUsername(name)) ?? null)
  }

  listUsers(): Promise<readonly LoginRecord[]> {
    this.listings += 1
    if (this.failure !== undefined) return Promise.reject(this.failure)
    return Promise.resolve([...this.users.values()])
  }

  upgradePasswordHash(userId: string, { from, to }: { from: string; to: string }) {
    const user = this.users.get(userId)
    if (user?.passwordHash !== from) return Promise.resolve(false)
    this.users.set(userId, { ...user, passwordHash: to })
    return Promise.resolve(true)
  }
}

function setUp(options: { cacheMs?: number; maxCached?: number; maxWaiting?: number } = {}) {
  const clock = { now: 0 }
  const directory = new Directory()
  const { cacheMs = 300_000, ...rest } = options
  const authenticator = new Authenticator({
    directory,
    checks: new PasswordChecks(),
    cacheMs,
    ...rest,
    now: () => clock.now,
  })
  const login = (
    name: string,
    password: string,
    collection = NODE_A,
    address = '10.0.0.1',
    connection = new EventEmitter(),
  ) => authenticator.authenticate(basic(name, password), collection, { address, connection })
  return { clock, directory, authenticator, login }
}

describe('a rotated password', () => {
  it('and the one before it log in, the latter for as long as it is valid', async () => {
    const { clock, login, directory, authenticator } = setUp()
    const earlier = { hash: hash1, version: 1, validForMs: 60_000 }
    directory.change('user1', { passwordHash: hash2, passwordVersion: 2, earlierPassword: earlier })
    for (const password of ['password1', 'password2']) {
      expect(await login('user1', password)).toMatchObject({ kind: 'verified', fromCache: false })
      expect(await login('user1', password)).toMatchObject({ kind: 'verified', fromCache: true })
    }
    // One login of a user is cached: that of the last password.
    await login('user1', 'password1')
    const old = await login('user1', 'password1')
    const version = { userId: 'USER1', passwordVersion: 2 }
    const principal = old.kind === 'verified' ? old.principal : undefined
    expect(principal?.isStill({ ...version, earlierVersion: 1 })).toBe(true)
    expect(principal?.isStill({ ...version, earlierVersion: null })).toBe(false)
    // The database is asked again once the earlier password has ended, although the cache lasts longer.
    clock.now += 60_000
    directory.change('user1', { earlierPassword: null })
    expect(await login('user1', 'password1')).toMatchObject({ reason: 'wrong password' })
    expect(await login('user1', 'password2')).toMatchObject({ kind: 'verified' })
    await authenticator[Symbol.asyncDispose]()
  })

  it('is found among generated ones without hashing', async () => {
    const { login, directory } = setUp()
    const earlier = {
      hash: hashGeneratedPassword(generatedPassword),
      version: 1,
      validForMs: 1_000,
    }
    const next = generatePassword()
    directory.change('user1', {
      passwordHash: hashGeneratedPassword(next),
      passwordVersion: 2,
      earlierPassword: earlier,
    })
    expect(await login('user1', generatedPassword)).toMatchObject({ kind: 'verified' })
    expect(await login('user1', next)).toMatchObject({ kind: 'verified' })
    expect(await login('user1', 'password1')).toMatchObject({ reason: 'wrong password' })
  })
})

describe('a disabled user', () => {
  it('is rejected with the right password, also from the cache', async () => {
    const { login, directory, authenticator } = setUp()
    await login('user1', 'password1')
    directory.change('user1', { disabledAt: 1, passwordVersion: 2 })
    authenticator.invalidate()
    expect(await login('user1', 'password1')).toMatchObject({
      kind: 'failed',
      reason: 'disabled user',
      username: 'user1',
    })
    directory.change('user1', { disabledAt: null })
    authenticator.invalidate()
    expect(await login('user1', 'password1')).toMatchObject({ kind: 'verified' })
  })
})

describe('a first login', () => {
  it.each([
    ['no header', undefined, NODE_A, 'missing'],
    ['another scheme', 'Bearer dummy-value', NODE_A, 'malformed'],
    ['no base64', 'Basic invalid-credentials-format', NODE_A, 'malformed'],
    ['an unknown user', basic('user3', 'password1'), NODE_A, 'unknown user'],
    ["another user's password", basic('user1', 'password2'), NODE_A, 'wrong password'],
    ["another user's node", basic('user1', 'password1'), NODE_B, 'wrong collection'],
    ['no GUID', basic('user1', 'password1'), 'RQ-CC-EXAMPLE', 'wrong collection'],
    ['a bad GUID and a bad password', basic('user1', 'password2'), 'x', 'wrong password'],
  ])('fails with %s', async (_, header, collection, reason) => {
    const { authenticator } = setUp()
    const result = await authenticator.authenticate(header, collection, {
      address: '10.0.0.1',
      connection: new EventEmitter(),
    })
    expect(result).toMatchObject({ kind: 'failed', reason })
  })

  it('succeeds for a node of the user in any spelling, and returns the name as stored', async () => {
    const { login } = setUp()
    const result = await login('uSER2', 'password2', `{${NODE_B.toUpperCase()}}.b`)
    expect(result).toMatchObject({
      kind: 'verified',
      principal: { username: 'User2', nodeId: NODE_B, suffix: 'b' },
      fromCache: false,
    })
  })

  it('rejects if the store is down, instead of failing as a wrong password', async () => {
    const { login, directory } = setUp()
    directory.failure = new Error('connection refused')
    await expect(login('user1', 'password1')).rejects.toThrow('connection refused')
  })
})

describe('a verified login', () => {
  it('is cached: the next poll does not ask the store', async () => {
    const { login, directory } = setUp()
    await login('user1', 'password1')
    const again = await login('USER1', 'password1')
    expect(again).toMatchObject({ kind: 'verified', fromCache: true })
    expect(directory.lookUps).toBe(1)
  })

  it('does not verify another password', async () => {
    const { login } = setUp()
    await login('user1', 'password1')
    expect(await login('user1', 'password2')).toMatchObject({ reason: 'wrong password' })
    expect(await login('user1', 'password1')).toMatchObject({ fromCache: true })
  })

  it('asks the store again after the cache expires, and hashes only if the stored hash has changed', async () => {
    const { login, directory, clock } = setUp({ cacheMs: 1_000 })
    await login('user1', 'password1')
    clock.now = 1_001
    expect(await login('user1', 'password1')).toMatchObject({ kind: 'verified' })
    expect(directory.lookUps).toBe(2)
    expect(await login('user1', 'password1')).toMatchObject({ fromCache: true })
    directory.put('user1', hash2, [NODE_A])
    clock.now = 2_002
    expect(await login('user1', 'password1')).toMatchObject({ reason: 'wrong password' })
    expect(await login('user1', 'password2')).toMatchObject({ kind: 'verified' })
  })

  it('is checked again after the cache is invalidated', async () => {
    const { login, directory, authenticator } = setUp()
    await login('user1', 'password1')
    directory.put('user1', hash2, [NODE_A])
    expect(await login('user1', 'password1')).toMatchObject({ fromCache: true })
    authenticator.invalidate()
    expect(await login('user1', 'password1')).toMatchObject({ reason: 'wrong password' })
    expect(await login('user1', 'password2')).toMatchObject({ kind: 'verified' })
  })

  it('fails after its node has moved to another user', async () => {
    const { login, directory, authenticator } = setUp()
    await login('user1', 'password1')
    directory.put('user1', hash1, [])
    authenticator.invalidate()
    expect(await login('user1', 'password1')).toMatchObject({ reason: 'wrong collection' })
  })

  it('is not cached if the cache was invalidated during the check', async () => {
    const { login, directory, authenticator } = setUp()
    const slow = login('user1', 'password1')
    await until(() => directory.lookUps > 0)
    authenticator.invalidate()
    expect(await slow).toMatchObject({ kind: 'verified' })
    directory.users.clear()
    expect(await login('user1', 'password1')).toMatchObject({ reason: 'unknown user' })
  })

  it('asks the store every time while changes may be missed', async () => {
    const directory = new Directory()
    let observed = false
    const authenticator = new Authenticator({
      directory,
      checks: new PasswordChecks(),
      cacheMs: 300_000,
      changesAreObserved: () => observed,
    })
    const asker = { address: '::1', connection: new EventEmitter() }
    const login = () => authenticator.authenticate(basic('user1', 'password1'), NODE_A, asker)
    await login()
    await login()
    expect(directory.lookUps).toBe(2)
    observed = true
    expect(await login()).toMatchObject({ fromCache: true })
  })

  it('is valid for a node that was added later', async () => {
    const { login, directory } = setUp()
    await login('user1', 'password1')
    expect(await login('user1', 'password1', NODE_B)).toMatchObject({ reason: 'wrong collection' })
    directory.put('user1', hash1, [NODE_A, NODE_B])
    expect(await login('user1', 'password1', NODE_B)).toMatchObject({ kind: 'verified' })
  })

  it('is dropped when too many users are cached', async () => {
    const { login, directory } = setUp({ maxCached: 1 })
    await login('user1', 'password1')
    await login('user2', 'password2', NODE_B)
    await login('user2', 'password2', NODE_B)
    expect(directory.lookUps).toBe(2)
    await login('user1', 'password1')
    expect(directory.lookUps).toBe(3)
  })
})

describe('guessing passwords', () => {
  it('is throttled, while the correct password still works', async () => {
    const { login, clock } = setUp()
    await login('user1', 'password1')
    await Promise.all(Array.from({ length: 20 }, (_, i) => login('user1', `guess ${i}`)))
    const guess = await login('user1', 'guess 21')
    expect(guess).toMatchObject({ kind: 'slow-down', retryAfterMs: 1_000 })
    expect(await login('user1', 'password1')).toMatchObject({ kind: 'verified', fromCache: true })
    expect(await login('user1', 'guess', NODE_A, '10.0.0.2')).toMatchObject({ kind: 'failed' })
    expect(await login('user2', 'password2', NODE_B)).toMatchObject({ kind: 'verified' })
    clock.now += 1_000
    expect(await login('user1', 'guess 22')).toMatchObject({ kind: 'failed' })
  })

  it('is throttled also if all guesses arrive at once', async () => {
    const { login } = setUp()
    const results = await Promise.all(
      Array.from({ length: 25 }, (_, i) => login('user1', `guess ${i}`)),
    )
    expect(results.filter((result) => result.kind === 'failed')).toHaveLength(20)
  })

  it('is not assumed when the store is down', async () => {
    const { login, directory } = setUp()
    directory.failure = new Error('down')
    for (let i = 0; i < 50; i += 1) await login('user1', 'password1').catch(() => undefined)
    directory.failure = undefined
    expect(await login('user1', 'password1')).toMatchObject({ kind: 'verified' })
  })

  it('does not lock out the user behind the same address, whatever the hash', async () => {
    const { login, directory } = setUp()
    directory.put('user3', hashGeneratedPassword(generatedPassword), [NODE_A])
    const guesses = ['user1', 'user3'].flatMap((name) =>
      Array.from({ length: 30 }, (_, i) => login(name, `guess ${i}`)),
    )
    const results = await Promise.all(guesses)
    expect(results.map(({ kind }) => kind)).toContain('slow-down')
    expect(await login('user1', 'password1')).toMatchObject({ kind: 'verified' })
    expect(await login('user3', generatedPassword)).toMatchObject({ kind: 'verified' })
  })

  it('is throttled for names that no user can have, without a look-up', async () => {
    const { login, directory } = setUp()
    const names = ['a\u0000', 'a\u001b[2J', 'a\ud800', 'a'.repeat(257), 'käse', 'a b']
    const first = await Promise.all(names.map((name) => login(name, 'guess')))
    for (const result of first) expect(result).toMatchObject({ reason: 'unknown user' })
    const more = await Promise.all(Array.from({ length: 30 }, (_, i) => login(`${i} x`, 'guess')))
    expect(more.filter(({ kind }) => kind === 'slow-down')).toHaveLength(30 - (20 - names.length))
    expect(directory.lookUps).toBe(0)
  })

  it('takes the same time whatever is wrong', { retry: 3 }, async () => {
    const { login, directory } = setUp()
    directory.put('user3', hashGeneratedPassword(generatedPassword), [NODE_A])
    const duration = async (name: string) => {
      const started = performance.now()
      expect(await login(name, 'guess')).toMatchObject({ kind: 'failed' })
      return performance.now() - started
    }
    const names = ['user1', 'user3', 'nobody', 'no user']
    // The shortest of a few: a busy machine makes single ones longer.
    const durations = names.map(() => Number.POSITIVE_INFINITY)
    for (let attempt = 0; attempt < 3; attempt++) {
      const measured = await Promise.all(names.map((name) => duration(name)))
      for (const [index, ms] of measured.entries())
        durations[index] = Math.min(durations[index]!, ms)
    }
    expect(Math.max(...durations) - Math.min(...durations)).toBeLessThan(50)
  })

  it('leaves a limited number of names in memory', () => {
    const throttle = new AttemptThrottle({ burst: 1, perMinute: 1, maxEntries: 2, now: () => 0 })
    expect(throttle.recordFailure('a', '1')).toMatchObject({ isThrottled: false })
    expect(throttle.recordFailure('a', '1')).toMatchObject({ isThrottled: true })
    throttle.recordFailure('b', '1')
    throttle.recordFailure('c', '1')
    expect(throttle.recordFailure('a', '1')).toMatchObject({ isThrottled: false })
  })
})

describe('concurrent logins', () => {
  it('with the same credentials are checked once', async () => {
    const { login, directory } = setUp()
    const results = await Promise.all(Array.from({ length: 50 }, () => login('user1', 'password1')))
    for (const result of results) expect(result.kind).toBe('verified')
    expect(directory.lookUps).toBe(1)
  })

  it('are dropped when their client disconnects', async () => {
    const { authenticator, directory, login } = setUp()
    const connection = new EventEmitter()
    const gone = Array.from({ length: 5 }, (_, i) =>
      login('user1', `guess ${i}`, NODE_A, '10.0.0.1', connection),
    )
    await until(() => directory.lookUps > 0)
    connection.emit('close')
    for (const result of await Promise.all(gone)) expect(result).toEqual({ kind: 'gone' })
    expect(directory.lookUps).toBe(1)
    const closed = Object.assign(new EventEmitter(), { destroyed: true })
    const asker = { address: '10.0.0.1', connection: closed }
    const late = await authenticator.authenticate(basic('user1', 'password1'), NODE_A, asker)
    expect(late).toEqual({ kind: 'gone' })
  })

  it('of one connection are limited in number', async () => {
    const { login } = setUp()
    const connection = new EventEmitter()
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        login('user1', 'password1', NODE_A, '10.0.0.1', connection).finally(() => i),
      ),
    )
    const rejected = results.filter((result) => result.status === 'rejected')
    expect(rejected).toHaveLength(4)
    for (const { reason } of rejected) expect(reason).toBeInstanceOf(LoginsBusyError)
    expect(await login('user1', 'password1')).toMatchObject({ kind: 'verified' })
  })

  it('of one address leave places for other addresses', async () => {
    const { login } = setUp({ maxWaiting: 10 })
    const guesses = Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => login('user1', `guess ${i}`)),
    )
    expect(await login('user2', 'password2', NODE_B, '10.0.0.2')).toMatchObject({
      kind: 'verified',
    })
    const results = await guesses
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  })
})

describe('a hash with outdated parameters', () => {
  const OLD_COST = { ln: 10, r: 8, p: 1 }

  it('is replaced after a successful login, which stays valid', async () => {
    const { login, directory } = setUp()
    const outdated = await hashPassword('password3', OLD_COST)
    directory.put('user3', outdated, [NODE_A])
    expect(await login('user3', 'guess')).toMatchObject({ kind: 'failed' })
    expect(directory.users.get('USER3')?.passwordHash).toBe(outdated)
    const result = await login('user3', 'password3')
    if (result.kind !== 'verified') throw new Error(result.kind)
    const hashNow = () => directory.users.get('USER3')?.passwordHash
    await until(() => hashNow() !== outdated)
    expect(hashNow()).toMatch(/^\$scrypt\$ln=14,/)
    expect(result.principal.isStill(directory.versionOf('user3'))).toBe(true)
  })

  it('is not replaced if the password was reset in the meantime', async () => {
    const { authenticator, login, directory } = setUp()
    directory.put('user3', await hashPassword('password3', OLD_COST), [NODE_A])
    await login('user3', 'password3')
    directory.put('user3', hash2, [NODE_A])
    await authenticator[Symbol.asyncDispose]()
    expect(directory.users.get('USER3')?.passwordHash).toBe(hash2)
  })
})

describe('the principal of a held poll', () => {
  const held = async () => {
    const parts = setUp()
    const result = await parts.login('user1', 'password1')
    if (result.kind !== 'verified') throw new Error(result.kind)
    let ends = 0
    const hold = result.principal.onEnd(() => (ends += 1))
    return { ...parts, principal: result.principal, hold, ends: () => ends }
  }

  it('stays valid while other users change, without a look-up per poll', async () => {
    const { principal, authenticator, directory, login, ends } = await held()
    directory.put('user2', hash1, [NODE_B])
    authenticator.invalidate()
    authenticator.invalidate()
    await until(() => directory.listings === 2)
    expect(principal.isStill(directory.versionOf('user1'))).toBe(true)
    expect(await login('user1', 'password1')).toMatchObject({ fromCache: true })
    expect(directory.lookUps).toBe(1)
    expect(ends()).toBe(0)
  })

  it.each<[string, (directory: Directory) => void]>([
    ['the password is reset', (directory) => directory.put('user1', hash2, [NODE_A])],
    ['the node is removed', (directory) => directory.put('user1', hash1, [NODE_B])],
    ['the user is removed', (directory) => directory.users.clear()],
  ])('ends when %s', async (_, change) => {
    const { authenticator, directory, ends } = await held()
    change(directory)
    authenticator.invalidate()
    await until(() => ends() === 1)
  })

  it('ends also if the change is read before the poll is held', async () => {
    const { principal, authenticator, directory, hold } = await held()
    hold[Symbol.dispose]()
    directory.users.clear()
    authenticator.invalidate()
    await until(() => directory.listings > 0)
    let ended = false
    principal.onEnd(() => (ended = true))
    await until(() => ended)
  })

  it('does not allow what is leased for a later password or user', async () => {
    const { principal, directory } = await held()
    expect(principal.isStill(directory.versionOf('user1'))).toBe(true)
    directory.put('user1', hash2, [NODE_A])
    expect(principal.isStill(directory.versionOf('user1'))).toBe(false)
    expect(principal.isStill(directory.versionOf('user2'))).toBe(false)
  })

  it('is not called back after it was disposed', async () => {
    const { authenticator, directory, hold, ends } = await held()
    hold[Symbol.dispose]()
    directory.users.clear()
    authenticator.invalidate()
    await until(() => directory.listings > 0)
    expect(ends()).toBe(0)
  })
})
