import { beforeAll, describe, expect, it } from 'vitest'
import { AttemptThrottle } from '../../src/nodes/attempt-throttle.ts'
import { Authenticator, type LoginRecord } from '../../src/nodes/authenticator.ts'
import { HashingBusyError, HashingQueue } from '../../src/nodes/hashing-queue.ts'
import { hashPassword } from '../../src/nodes/password-hash.ts'
import { canonicalUsername } from '../../src/vocabulary/username.ts'

const NODE_A = '3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a11'
const NODE_B = '4f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a12'
const FAST = { ln: 10, r: 8, p: 1 }
const basic = (name: string, password: string) =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`

let hash1 = ''
let hash2 = ''
beforeAll(async () => {
  hash1 = await hashPassword('password1', FAST)
  hash2 = await hashPassword('password2', FAST)
})

/** A directory in memory that counts look-ups. */
class Directory {
  readonly users = new Map<string, LoginRecord>()
  lookUps = 0
  failure: Error | undefined

  constructor() {
    this.put({ name: 'user1', passwordHash: hash1, nodeIds: [NODE_A] })
    this.put({ name: 'User2', passwordHash: hash2, nodeIds: [NODE_B] })
  }

  put(record: LoginRecord) {
    this.users.set(canonicalUsername(record.name), record)
  }

  findUser(name: string): Promise<LoginRecord | null> {
    this.lookUps += 1
    if (this.failure !== undefined) return Promise.reject(this.failure)
    return Promise.resolve(this.users.get(canonicalUsername(name)) ?? null)
  }
}

function setUp(options: { cacheMs?: number; maxCached?: number } = {}) {
  const clock = { now: 0 }
  const directory = new Directory()
  const authenticator = new Authenticator({
    directory,
    cacheMs: options.cacheMs ?? 300_000,
    ...(options.maxCached === undefined ? {} : { maxCached: options.maxCached }),
    now: () => clock.now,
  })
  const login = (name: string, password: string, collection = NODE_A, address = '10.0.0.1') =>
    authenticator.authenticate(basic(name, password), collection, address)
  return { clock, directory, authenticator, login }
}

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
    const result = await authenticator.authenticate(header, collection, '10.0.0.1')
    expect(result).toMatchObject({ kind: 'failed', reason })
  })

  it('succeeds for a node of the user in any spelling, and returns the name as stored', async () => {
    const { login } = setUp()
    const result = await login('uSER2', 'password2', `{${NODE_B.toUpperCase()}}.b`)
    expect(result).toEqual({
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
    directory.put({ name: 'user1', passwordHash: hash2, nodeIds: [NODE_A] })
    clock.now = 2_002
    expect(await login('user1', 'password1')).toMatchObject({ reason: 'wrong password' })
    expect(await login('user1', 'password2')).toMatchObject({ kind: 'verified' })
  })

  it('is checked again after the cache is invalidated', async () => {
    const { login, directory, authenticator } = setUp()
    await login('user1', 'password1')
    directory.put({ name: 'user1', passwordHash: hash2, nodeIds: [NODE_A] })
    expect(await login('user1', 'password1')).toMatchObject({ fromCache: true })
    authenticator.invalidate()
    expect(await login('user1', 'password1')).toMatchObject({ reason: 'wrong password' })
    expect(await login('user1', 'password2')).toMatchObject({ kind: 'verified' })
  })

  it('fails after its node has moved to another user', async () => {
    const { login, directory, authenticator } = setUp()
    await login('user1', 'password1')
    directory.put({ name: 'user1', passwordHash: hash1, nodeIds: [] })
    authenticator.invalidate()
    expect(await login('user1', 'password1')).toMatchObject({ reason: 'wrong collection' })
  })

  it('is not cached if the cache was invalidated during the check', async () => {
    const { login, directory, authenticator } = setUp()
    const slow = login('user1', 'password1')
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
      cacheMs: 300_000,
      changesAreObserved: () => observed,
    })
    const login = () => authenticator.authenticate(basic('user1', 'password1'), NODE_A, '::1')
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
    directory.put({ name: 'user1', passwordHash: hash1, nodeIds: [NODE_A, NODE_B] })
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
    for (let i = 0; i < 20; i += 1) await login('user1', `guess ${i}`)
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
      Array.from({ length: 60 }, (_, i) => login('user1', `guess ${i}`)),
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

  it('leaves a limited number of names in memory', () => {
    const throttle = new AttemptThrottle({ burst: 1, perMinute: 1, maxEntries: 2, now: () => 0 })
    expect(throttle.take('a', '1').allowed).toBe(true)
    expect(throttle.take('a', '1').allowed).toBe(false)
    throttle.take('b', '1')
    throttle.take('c', '1')
    expect(throttle.take('a', '1').allowed).toBe(true)
  })
})

describe('the hashing queue', () => {
  it('limits concurrent checks, keeps their order and rejects more than may wait', async () => {
    const queue = new HashingQueue({ concurrency: 1, maxWaiting: 2 })
    const done: number[] = []
    const gate = Promise.withResolvers<void>()
    const jobs = [1, 2, 3].map((n) =>
      queue.run(async () => {
        await gate.promise
        done.push(n)
      }),
    )
    await expect(queue.run(() => Promise.resolve())).rejects.toThrow(HashingBusyError)
    gate.resolve()
    await Promise.all(jobs)
    expect(done).toEqual([1, 2, 3])
    expect(await queue.run(() => Promise.resolve('free again'))).toBe('free again')
  })

  it('runs the next check after a failure', async () => {
    const queue = new HashingQueue({ concurrency: 1, maxWaiting: 0 })
    await expect(queue.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(await queue.run(() => Promise.resolve(1))).toBe(1)
  })
})
