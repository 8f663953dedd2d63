import { pbkdf2Sync } from 'node:crypto'
import { createLogger } from '@warren/runtime'
import { until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadRelayConfig, startRelay } from '../../src/index.ts'
import { BareNode } from '../harness/bare-client.ts'
import { runCli } from '../harness/run-cli.ts'
import {
  describeStores,
  openSqlite,
  startTestRelay,
  type TestStore,
} from '../harness/test-relay.ts'

const NODE_1 = '3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a11'
const NODE_2 = '4f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a12'
const silent = createLogger({ component: 'relay', level: 'fatal', format: 'json' })

let resources: AsyncDisposableStack
beforeEach(() => {
  resources = new AsyncDisposableStack()
})
afterEach(() => resources.disposeAsync())

describeStores('a login that changes', (open) => {
  it('ends at once on every hub when the command line resets it, and the new one begins', async () => {
    const store = resources.use(await open())
    const env = { RELAY_STORE: store.url }
    const one = resources.use(await startTestRelay(env))
    const two = resources.use(await startTestRelay(env))
    const account = await one.users.add('site-a')
    const old = [new BareNode(one.url, account), new BareNode(two.url, account)]
    for (const node of old) expect((await node.poll()).status).toBe(204)

    const reset = await runCli(env, 'users', 'reset-password', 'SITE-A', '--json')
    const renewed = { ...account, password: reset.member('password') }
    for (const node of old) {
      await until(async () => (await node.poll()).status === 401, { timeoutMs: 3_000 })
    }
    for (const hub of [one, two]) {
      expect((await new BareNode(hub.url, renewed).poll()).status).toBe(204)
    }
  })

  it('is gone when the user is removed', async () => {
    const store = resources.use(await open())
    const env = { RELAY_STORE: store.url }
    const hub = resources.use(await startTestRelay(env))
    const node = new BareNode(hub.url, await hub.users.add('site-a'))
    expect((await node.poll()).status).toBe(204)
    await runCli(env, 'users', 'remove', 'site-a', '--yes')
    await until(async () => (await node.poll()).status === 401, { timeoutMs: 3_000 })
  })

  it('with a wrong password first is right as soon as it is corrected', async () => {
    const store = resources.use(await open())
    const hub = resources.use(await startTestRelay({ RELAY_STORE: store.url }))
    const account = await hub.users.add('site-a')
    const wrong = new BareNode(hub.url, { ...account, password: 'not it' })
    for (let i = 0; i < 30; i += 1) {
      const { status, headers } = await wrong.poll()
      expect([401, 429]).toContain(status)
      if (status === 429) expect(headers['retry-after']).toBe('1')
    }
    // Throttled, not locked out: a second later one attempt is allowed again, and it is the right one.
    const right = new BareNode(hub.url, account)
    await until(async () => (await right.poll()).status === 204, { timeoutMs: 5_000, everyMs: 500 })
  })
})

const declared = (more: NodeJS.ProcessEnv, store: TestStore) => ({
  RELAY_STORE: store.url,
  ...more,
})

async function startWith(env: NodeJS.ProcessEnv) {
  await using hub = await startTestRelay(env)
  return hub.users.list()
}

describe('declared users', () => {
  it('are made, get a new password and other nodes, and go, with the configuration', async () => {
    const store = resources.use(await openSqlite())
    const first = declared(
      { DownstreamUsers__site__Password: 'password-1', DownstreamUsers__site__SubNode: NODE_1 },
      store,
    )
    {
      await using hub = await startTestRelay(first)
      const account = { username: 'site', password: 'password-1', collectionId: NODE_1 }
      expect((await new BareNode(hub.url, account).poll()).status).toBe(204)
      await hub.users.add('by-hand')
    }
    const second = declared(
      {
        DownstreamUsers__SITE__Password: 'password-2',
        DownstreamUsers__SITE__SubNodes__0: NODE_2,
        DownstreamUsers__new__Password: 'password-3',
        DownstreamUsers__new__SubNode: NODE_1,
      },
      store,
    )
    {
      await using hub = await startTestRelay(second)
      const poll = (username: string, password: string, collectionId: string) =>
        new BareNode(hub.url, { username, password, collectionId }).poll()
      expect((await poll('site', 'password-1', NODE_1)).status).toBe(401)
      expect((await poll('site', 'password-2', NODE_1)).status).toBe(401)
      expect((await poll('site', 'password-2', NODE_2)).status).toBe(204)
      expect((await poll('new', 'password-3', NODE_1)).status).toBe(204)
    }
    const left = await startWith(declared({}, store))
    expect(left.map((user) => user.name)).toEqual(['by-hand'])
  })

  it('change nothing at all when one of them clashes with what was made by hand', async () => {
    const store = resources.use(await openSqlite())
    let handNode = ''
    {
      await using hub = await startTestRelay(declared({}, store))
      handNode = (await hub.users.add('by-hand')).collectionId
    }
    const clash = declared(
      {
        DownstreamUsers__aaa__Password: 'password',
        'DownstreamUsers__BY-hand__Password': 'password',
        DownstreamUsers__zzz__Password: 'password',
        DownstreamUsers__zzz__SubNode: handNode,
      },
      store,
    )
    const starting = startRelay(loadRelayConfig(clash), { log: silent })
    await expect(starting).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringMatching(/user by-hand exists[^]*belongs to user by-hand/) as unknown,
    })
    expect((await startWith(declared({}, store))).map((user) => user.name)).toEqual(['by-hand'])
  })

  it('are made once when several hubs start together', async () => {
    const store = resources.use(await openSqlite())
    const site = { DownstreamUsers__site__Password: 'password-1' }
    await startWith(declared(site, store))
    const more = declared({ ...site, DownstreamUsers__site__SubNode: NODE_1 }, store)
    const found = await Promise.all([startWith(more), startWith(more), startWith(more)])
    for (const users of found) expect(users).toMatchObject([{ name: 'site', nodeIds: [NODE_1] }])
  })

  it('are not changed behind the back of the configuration', async () => {
    const store = resources.use(await openSqlite())
    const env = declared({ DownstreamUsers__site__Password: 'password-1' }, store)
    await startWith(env)
    const refused = await runCli(env, 'users', 'reset-password', 'site')
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).toContain('site is declared by the configuration')
  })
})

describe('users of another hub', () => {
  it('keep their passwords and their node ids', async () => {
    const store = resources.use(await openSqlite())
    const env = { RELAY_STORE: store.url }
    const salt = Buffer.alloc(16, 7)
    const header = Buffer.from('01000000020000c35000000010', 'hex')
    const key = pbkdf2Sync('their password', salt, 50_000, 32, 'sha512')
    const passwordHash = Buffer.concat([header, salt, key]).toString('base64')
    const lines = [
      JSON.stringify({ username: 'theirs', passwordHash, collectionIds: [NODE_1.toUpperCase()] }),
      '',
    ].join('\n')
    const imported = await runCli({ ...env, stdin: lines }, 'users', 'import', '-')
    expect(imported).toMatchObject({ exitCode: 0, stdout: 'theirs\t1\n' })
    const hub = resources.use(await startTestRelay(env))
    const account = { username: 'theirs', password: 'their password', collectionId: NODE_1 }
    expect((await new BareNode(hub.url, account).poll()).status).toBe(204)
  })
})
