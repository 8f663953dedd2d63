import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { UserManager } from '../../src/nodes/user-manager.ts'
import { hashPassword } from '../../src/nodes/password-hash.ts'
import { BareNode } from '../harness/bare-client.ts'
import { LoginFlood, type LoginFloodOptions } from '../harness/login-flood.ts'
import { openSqlite, startTestRelay } from '../harness/test-relay.ts'

// A login takes 0.2 s on an idle machine, and 36 s or longer if it waits for the others.
const MAX_LOGIN_MS = 8_000
const NODE = '4f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a12'

let resources: AsyncDisposableStack
beforeEach(() => {
  resources = new AsyncDisposableStack()
})
afterEach(() => resources.disposeAsync())

const generated = (users: UserManager) => users.add('site-a')
const chosen = async (users: UserManager) => {
  const passwordHash = await hashPassword('correct horse')
  await users.import([{ username: 'site-a', passwordHash, declared: false, collectionIds: [NODE] }])
  return { username: 'site-a', password: 'correct horse', collectionId: NODE }
}

/** How long the first login of a node takes, ms. Infinite if it is not accepted. */
async function firstLogin(node: BareNode): Promise<number> {
  const started = performance.now()
  const { status } = await node.poll({ signal: AbortSignal.timeout(10_000) })
  return status === 204 ? performance.now() - started : Number.POSITIVE_INFINITY
}

const FLOODS: readonly [string, Omit<LoginFloodOptions, 'url'>][] = [
  ['one connection that pipelines', { connections: 1, pipelined: 500 }],
  ['300 connections from one address', { connections: 300 }],
  ['300 connections from 300 addresses', { connections: 300, addresses: 300 }],
]

describe.each([
  ['a generated password', generated],
  ['a chosen password', chosen],
])('the first login of a node with %s', (_, addUser) => {
  it.each(FLOODS)('is not delayed by unknown user names on %s', async (_title, options) => {
    const store = resources.use(await openSqlite())
    const relay = resources.use(await startTestRelay({ RELAY_STORE: store.url }))
    const node = new BareNode(relay.url, await addUser(relay.users))
    resources.use(new LoginFlood({ url: relay.url, ...options }))
    await delay(1_000)
    expect(await firstLogin(node)).toBeLessThan(MAX_LOGIN_MS)
  })

  it('is not delayed by unknown user names right after a restart', async () => {
    const store = resources.use(await openSqlite())
    const env = { RELAY_STORE: store.url, RELAY_PORT: String(await freePort()) }
    const before = await startTestRelay(env)
    const node = new BareNode(before.url, await addUser(before.users))
    resources.use(new LoginFlood({ url: before.url, connections: 300, pipelined: 4 }))
    await delay(500)
    await before[Symbol.asyncDispose]()
    resources.use(await startTestRelay(env))
    expect(await firstLogin(node)).toBeLessThan(MAX_LOGIN_MS)
  })
})
