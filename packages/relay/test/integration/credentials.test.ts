import { createLogger } from '@warren/runtime'
import { until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadRelayConfig, startRelay } from '../../src/index.ts'
import { BareNode } from '../harness/bare-client.ts'
import { identityHash } from '../harness/dotnet-hub.ts'
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

describeStores('changed credentials', (open) => {
  it('take effect on every relay after a password reset on the command line', async () => {
    const store = resources.use(await open())
    const env = { RELAY_STORE: store.url }
    const one = resources.use(await startTestRelay(env))
    const two = resources.use(await startTestRelay(env))
    const user = await one.users.add('site-a')
    const old = [new BareNode(one.url, user), new BareNode(two.url, user)]
    for (const node of old) expect((await node.poll()).status).toBe(204)

    const reset = await runCli(env, 'users', 'reset-password', 'SITE-A', '--json')
    const renewed = { ...user, password: reset.member('password') }
    for (const node of old) {
      await until(async () => (await node.poll()).status === 401)
    }
    for (const relay of [one, two]) {
      expect((await new BareNode(relay.url, renewed).poll()).status).toBe(204)
    }
  })

  it('are rejected after the user is removed', async () => {
    const store = resources.use(await open())
    const env = { RELAY_STORE: store.url }
    const relay = resources.use(await startTestRelay(env))
    const node = new BareNode(relay.url, await relay.users.add('site-a'))
    expect((await node.poll()).status).toBe(204)
    await runCli(env, 'users', 'remove', 'site-a', '--yes')
    await until(async () => (await node.poll()).status === 401)
  })

  it('are accepted while a client behind the same load balancer guesses', async () => {
    const store = resources.use(await open())
    const relay = resources.use(await startTestRelay({ RELAY_STORE: store.url }))
    const user = await relay.users.add('site-a')
    const wrong = new BareNode(relay.url, { ...user, password: 'not it' })
    const guesses = Array.from({ length: 30 }, () => wrong.poll())
    const statuses = (await Promise.all(guesses)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([401, 429]))
    const more = Array.from({ length: 30 }, () => wrong.poll())
    expect((await new BareNode(relay.url, user).poll()).status).toBe(204)
    await Promise.all(more)
  })
})

describeStores('a hash of the .NET relay', (open) => {
  it('is replaced after the first login, which ends no login on any relay', async () => {
    const store = resources.use(await open())
    const env = { RELAY_STORE: store.url }
    const one = resources.use(await startTestRelay(env))
    const two = resources.use(await startTestRelay(env))
    const passwordHash = identityHash('their password')
    await one.users.import([
      { username: 'theirs', passwordHash, declared: false, collectionIds: [NODE_1] },
    ])
    const user = { username: 'theirs', password: 'their password', collectionId: NODE_1 }
    const hash = async () => (await one.users.list())[0]?.passwordHash

    const wrong = await new BareNode(one.url, { ...user, password: 'a guess' }).poll()
    expect(wrong.status).toBe(401)
    expect(await hash()).toBe(passwordHash)
    expect((await new BareNode(two.url, user).poll()).status).toBe(204)
    const held = new BareNode(two.url, user).poll({ wait: 2 })
    expect((await new BareNode(one.url, user).poll()).status).toBe(204)
    await until(async () => (await hash())?.startsWith('$scrypt$ln=14,r=8,p=1$') === true)
    expect((await held).status).toBe(204)
    for (const relay of [one, two]) {
      expect((await new BareNode(relay.url, user).poll()).status).toBe(204)
    }
  })
})

const declared = (more: NodeJS.ProcessEnv, store: TestStore) => ({
  RELAY_STORE: store.url,
  ...more,
})

async function startWith(env: NodeJS.ProcessEnv) {
  await using relay = await startTestRelay(env)
  return relay.users.list()
}

describe('declared users', () => {
  it('are added, changed and removed with the configuration', async () => {
    const store = resources.use(await openSqlite())
    const first = declared(
      { DownstreamUsers__site__Password: 'password-1', DownstreamUsers__site__SubNode: NODE_1 },
      store,
    )
    {
      await using relay = await startTestRelay(first)
      const user = { username: 'site', password: 'password-1', collectionId: NODE_1 }
      expect((await new BareNode(relay.url, user).poll()).status).toBe(204)
      await relay.users.add('existing')
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
      await using relay = await startTestRelay(second)
      const poll = (username: string, password: string, collectionId: string) =>
        new BareNode(relay.url, { username, password, collectionId }).poll()
      expect((await poll('site', 'password-1', NODE_1)).status).toBe(401)
      expect((await poll('site', 'password-2', NODE_1)).status).toBe(401)
      expect((await poll('site', 'password-2', NODE_2)).status).toBe(204)
      expect((await poll('new', 'password-3', NODE_1)).status).toBe(204)
    }
    const names = async (more: NodeJS.ProcessEnv) =>
      (await startWith(declared(more, store))).map((user) => user.name)
    // A relay that was started without its configuration must not lock out its sites.
    expect(await names({})).toEqual(['existing', 'new', 'site'])
    expect(await names({ RELAY_REMOVE_UNDECLARED_USERS: 'true' })).toEqual(['existing'])
  })

  it('that are no longer in the configuration are named in the log', async () => {
    const store = resources.use(await openSqlite())
    await startWith(declared({ DownstreamUsers__site__Password: 'password-1' }, store))
    await using relay = await startTestRelay(declared({}, store))
    expect(relay.logged('declared users are not in the configuration')).toMatchObject([
      { users: ['site'], more: 0, hint: expect.stringContaining('RELAY_REMOVE_') as unknown },
    ])
  })

  it('change nothing if one of them conflicts with an existing user', async () => {
    const store = resources.use(await openSqlite())
    let existingNode = ''
    {
      await using relay = await startTestRelay(declared({}, store))
      existingNode = (await relay.users.add('existing')).collectionId
    }
    const conflicting = declared(
      {
        DownstreamUsers__aaa__Password: 'password',
        DownstreamUsers__Existing__Password: 'password',
        DownstreamUsers__zzz__Password: 'password',
        DownstreamUsers__zzz__SubNode: existingNode,
      },
      store,
    )
    const starting = startRelay(loadRelayConfig(conflicting), { log: silent })
    await expect(starting).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringMatching(
        /user "existing" already exists[^]*belongs to user "existing"/,
      ) as unknown,
    })
    expect((await startWith(declared({}, store))).map((user) => user.name)).toEqual(['existing'])
  })

  it('are added once if several relays start together', async () => {
    const store = resources.use(await openSqlite())
    const site = { DownstreamUsers__site__Password: 'password-1' }
    await startWith(declared(site, store))
    const more = declared({ ...site, DownstreamUsers__site__SubNode: NODE_1 }, store)
    const found = await Promise.all([startWith(more), startWith(more), startWith(more)])
    for (const users of found) expect(users).toMatchObject([{ name: 'site', nodeIds: [NODE_1] }])
  })

  it('do not delay the start, and can log in at once', async () => {
    const store = resources.use(await openSqlite())
    const users = Array.from({ length: 30 }, (_, index) => ({
      username: `site-${index}`,
      password: `password-${index}`,
      collectionId: `3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a${10 + index}`,
    }))
    const variables = users.flatMap(({ username, password, collectionId }) => [
      [`DownstreamUsers__${username}__Password`, password],
      [`DownstreamUsers__${username}__SubNode`, collectionId],
    ])
    const env = declared(Object.fromEntries(variables), store)
    for (const start of ['first', 'second']) {
      await using relay = await startTestRelay(env)
      const hashes = (await relay.users.list()).map(({ passwordHash }) => passwordHash)
      if (start === 'first') expect(hashes).toContain('!')
      const last = users.toReversed()
      const statuses = await Promise.all(
        last.map(async (user) => (await new BareNode(relay.url, user).poll()).status),
      )
      expect(new Set(statuses)).toEqual(new Set([204]))
    }
  })

  it('cannot be changed on the command line', async () => {
    const store = resources.use(await openSqlite())
    const env = declared({ DownstreamUsers__site__Password: 'password-1' }, store)
    await startWith(env)
    const rejected = await runCli(env, 'users', 'reset-password', 'site')
    expect(rejected.exitCode).toBe(1)
    expect(rejected.stderr).toContain('user "site" is declared in the configuration')
  })
})

describe('users imported from another relay', () => {
  it('keep their passwords and collection IDs', async () => {
    const store = resources.use(await openSqlite())
    const env = { RELAY_STORE: store.url }
    const passwordHash = identityHash('their password')
    const lines = [
      JSON.stringify({ username: 'theirs', passwordHash, collectionIds: [NODE_1.toUpperCase()] }),
      '',
    ].join('\n')
    const imported = await runCli({ ...env, stdin: lines }, 'users', 'import', '-')
    expect(imported).toMatchObject({ exitCode: 0, stdout: 'theirs\t1\n' })
    const relay = resources.use(await startTestRelay(env))
    const user = { username: 'theirs', password: 'their password', collectionId: NODE_1 }
    expect((await new BareNode(relay.url, user).poll()).status).toBe(204)
  })
})
