import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../harness/run-cli.ts'
import { describeStores, openSqlite, type TestStore } from '../harness/test-relay.ts'

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

describeStores('the command line', (open) => {
  let store: TestStore
  beforeEach(async () => {
    store = await open()
  })
  afterEach(() => store[Symbol.asyncDispose]())
  const cli = (...args: string[]) => runCli({ RELAY_STORE: store.url }, ...args)

  it('adds a user and prints what has to be entered at the site, for a script or for a pipe', async () => {
    const added = await cli('users', 'add', 'site-a', '--json')
    expect(added.exitCode).toBe(0)
    expect(added.json()).toEqual({
      username: 'site-a',
      password: expect.stringMatching(/^\w{24}$/) as unknown,
      collectionId: expect.stringMatching(GUID) as unknown,
    })
    const plain = await cli('users', 'add', 'site-b')
    expect(plain.stdout).toMatch(/^site-b\t\w{24}\t[0-9a-f-]{36}\n$/)
    expect(plain.stderr).toBe('')
  })

  it('says which user exists already, in any case', async () => {
    await cli('users', 'add', 'site-a')
    const again = await cli('users', 'add', 'SITE-A')
    expect(again.exitCode).toBe(1)
    expect(again.stdout).toBe('')
    expect(again.stderr).toContain('a user named "SITE-A" exists already')
  })

  it.each(['', 'a b', 'a:b', 'x'.repeat(300)])('refuses the name %j', async (name) => {
    const refused = await cli('users', 'add', name)
    expect(refused.exitCode).toBe(64)
    expect(refused.stderr).toContain('user name')
  })

  it('lists users', async () => {
    const none = await cli('users', 'list', '--json')
    expect(none).toMatchObject({ exitCode: 0, stdout: '[]\n' })
    await cli('users', 'add', 'site-b')
    await cli('users', 'add', 'site-a')
    const listed = await cli('users', 'list')
    expect(listed.stdout).toBe('site-a\t1\thand\nsite-b\t1\thand\n')
  })

  it('resets a password, and suggests the name that was meant', async () => {
    const added = await cli('users', 'add', 'site-a', '--json')
    const reset = await cli('users', 'reset-password', 'site-a', '--json')
    expect(reset.json()).toMatchObject({ username: 'site-a' })
    expect(reset.stdout).not.toContain(added.member('password'))
    const unknown = await cli('users', 'reset-password', 'site-q')
    expect(unknown).toMatchObject({ exitCode: 1, stdout: '' })
    expect(unknown.stderr).toContain('Did you mean site-a?')
  })

  it('adds, lists and removes nodes of a user', async () => {
    const first = (await cli('users', 'add', 'site-a', '--json')).member('collectionId')
    const added = await cli('users', 'add-subnode', 'site-a', '--json')
    const second = added.member('collectionId')
    expect(second).toMatch(GUID)
    expect(added.member('username')).toBe('site-a')
    const listed = await cli('users', 'list-subnodes', 'Site-A')
    expect(listed.stdout).toBe(`${first}\ttrue\tnever\n${second}\ttrue\tnever\n`)

    const unasked = await cli('users', 'remove-subnodes', 'site-a', first)
    expect(unasked.exitCode).toBe(64)
    expect(unasked.stderr).toContain('--yes')
    const foreign = await cli('users', 'remove-subnodes', 'site-a', '-y', GUID_OF_NOBODY)
    expect(foreign.exitCode).toBe(1)
    expect(foreign.stderr).toContain('has no such node')
    const removed = await cli('users', 'remove-subnodes', 'site-a', '--yes', first.toUpperCase())
    expect(removed.stdout).toBe(`${first}\n`)
    const left = await cli('users', 'list-subnodes', 'site-a')
    expect(left.stdout).toBe(`${second}\ttrue\tnever\n`)
  })

  it('brings the schema up to date, once', async () => {
    const env = { RELAY_STORE: store.url, RELAY_MIGRATE: 'false' }
    const early = await runCli(env, 'users', 'list')
    expect(early.exitCode).not.toBe(0)
    expect((await runCli(env, 'database', 'update')).stdout).toMatch(/^Schema 0 -> \d+\.\n$/)
    expect((await runCli(env, 'database', 'update')).stdout).toMatch(/^The schema is up to date/)
    expect((await runCli(env, 'users', 'list')).exitCode).toBe(0)
  })
})

const GUID_OF_NOBODY = '00000000-0000-4000-8000-000000000000'

describe('the command line', () => {
  it('shows the effective configuration with secrets masked', async () => {
    const env = { RELAY_STORE: 'postgres://relay:geheim@db/relay', RELAY_PORT: '9000' }
    const shown = await runCli(env, 'config', 'check', '--json')
    expect(shown.json()).toMatchObject({ RELAY_PORT: '9000', RELAY_STORE: '********' })
    expect((await runCli(env, 'config', 'check')).stdout).toContain('RELAY_PORT\t9000\n')
  })

  it('exits with 78 and all that is wrong with a configuration', async () => {
    const env = { RELAY_PORT: 'x', RELAY_STROE: 'y' }
    const wrong = await runCli(env, 'config', 'check')
    expect(wrong).toMatchObject({ exitCode: 78, stdout: '' })
    expect(wrong.stderr).toContain('RELAY_PORT: expected a whole number')
    expect(wrong.stderr).toContain('Did you mean RELAY_STORE?')
  })

  it('exits with 69 and a hint when the store is not there', async () => {
    const missing = await runCli(
      { RELAY_STORE: 'sqlite:/no/such/folder/relay.sqlite' },
      'users',
      'list',
    )
    expect(missing.exitCode).toBe(69)
    expect(missing.stderr).toContain('Its folder has to exist')
    const down = await runCli({ RELAY_STORE: 'postgres://u:geheim@127.0.0.1:1/d' }, 'users', 'list')
    expect(down.exitCode).toBe(69)
    expect(down.stderr).toContain('ECONNREFUSED')
    expect(down.stderr).not.toContain('geheim')
  })

  it('exits with 64 for what is no command, and 0 for help with examples', async () => {
    expect((await runCli({}, 'user', 'list')).exitCode).toBe(64)
    const help = await runCli({}, 'users', '--help')
    expect(help.exitCode).toBe(0)
    expect(help.stdout).toContain('relay users add site-a')
  })

  it('refuses an import as a whole, by line, without showing a hash', async () => {
    await using store = await openSqlite()
    const env = { RELAY_STORE: store.url }
    const lines = [
      '{"username":"good","passwordHash":"AQAAAA","collectionIds":[]}',
      '{"username":"bad","passwordHash":"SECRETHASH","collectionIds":["RQ-1"]}',
      'not json',
    ].join('\n')
    const refused = await runCli({ ...env, stdin: lines }, 'users', 'import', '-')
    expect(refused.exitCode).toBe(65)
    expect(refused.stderr).toMatch(/line 2: collectionIds.0 expected a GUID[^]*line 3:/)
    expect(refused.stderr).not.toContain('SECRETHASH')
    expect((await runCli(env, 'users', 'list')).stdout).toBe('')
  })
})
