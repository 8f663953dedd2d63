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

  it('adds a user and prints the credentials for the site, as JSON or for a pipe', async () => {
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

  it('rejects a name that is taken, in any case', async () => {
    await cli('users', 'add', 'site-a')
    const again = await cli('users', 'add', 'SITE-A')
    expect(again.exitCode).toBe(1)
    expect(again.stdout).toBe('')
    expect(again.stderr).toContain('user "SITE-A" already exists')
  })

  it.each(['', 'a b', 'a:b', 'x'.repeat(300)])('rejects the user name %j', async (name) => {
    const rejected = await cli('users', 'add', name)
    expect(rejected.exitCode).toBe(64)
    expect(rejected.stderr).toContain('user name')
  })

  it('lists users', async () => {
    const none = await cli('users', 'list', '--json')
    expect(none).toMatchObject({ exitCode: 0, stdout: '[]\n' })
    await cli('users', 'add', 'site-b')
    await cli('users', 'add', 'site-a')
    const listed = await cli('users', 'list')
    expect(listed.stdout).toBe(
      'site-a\t1\tnever\tenabled\tcommand line\nsite-b\t1\tnever\tenabled\tcommand line\n',
    )
  })

  it('removes a user without any node left, if that is asked for', async () => {
    const first = (await cli('users', 'add', 'site-a', '--json')).member('collectionId')
    await cli('users', 'remove-subnodes', 'site-a', first, '--yes', '--empty-user', 'keep')
    expect((await cli('users', 'list')).stdout).toContain('site-a\t0\t')
    await cli('users', 'add-subnode', 'site-a')
    const removed = await cli(
      'users',
      'remove-subnodes',
      'site-a',
      '--all',
      '-y',
      '--empty-user',
      'remove',
    )
    expect(removed.stderr).toContain('had no node left and was removed')
    expect((await cli('users', 'list')).stdout).toBe('')
  })

  it('has the options of the .NET relay, before and after the command', async () => {
    await cli('users', 'add', 'site-a')
    for (const args of [
      ['--connection-string', store.url, 'users', 'list'],
      ['users', 'list', '--connection-string', store.url],
    ]) {
      const listed = await runCli({ ConnectionStrings__Default: 'sqlite:/dev/null/no' }, ...args)
      expect(listed).toMatchObject({ exitCode: 0, stderr: '' })
      expect(listed.stdout).toContain('site-a')
    }
    const noted = await cli('-e', 'Development', 'users', 'list')
    expect(noted).toMatchObject({ exitCode: 0 })
    expect(noted.stderr).toContain('--environment has no effect')
  })

  it('rotates a password, and disables and enables a user', async () => {
    const first = (await cli('users', 'add', 'site-a', '--json')).member('password')
    const rotated = await cli('users', 'rotate', 'Site-A', '--keep', '2d', '--json')
    expect(rotated.member('username')).toBe('site-a')
    expect(rotated.member('password')).not.toBe(first)
    const until = Date.parse(rotated.member('oldValidUntil'))
    expect(Math.abs(until - Date.now() - 172_800_000)).toBeLessThan(60_000)
    expect((await cli('users', 'list')).stdout).toContain('two passwords')
    expect(await cli('users', 'disable', 'site-a')).toMatchObject({ stdout: 'site-a\n' })
    expect((await cli('users', 'list')).stdout).toContain('\tdisabled\t')
    const refused = await cli('users', 'rotate', 'site-a')
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' })
    expect(refused.stderr).toContain('users enable site-a')
    await cli('users', 'enable', 'site-a')
    expect((await cli('users', 'list')).stdout).toContain('\tenabled\t')
    for (const keep of ['2y', '1s', '91d', '']) {
      expect((await cli('users', 'rotate', 'site-a', '--keep', keep)).exitCode).toBe(64)
    }
  })

  it('lists, pauses, renames and removes nodes by name or collection ID', async () => {
    const id = (await cli('users', 'add', 'site-a', '--json')).member('collectionId')
    await cli('users', 'add', 'site-b')
    expect((await cli('nodes', 'list')).stdout).toBe(
      'site-a\tnever polled\tnever\t0\t0\t0\t0\t-\nsite-b\tnever polled\tnever\t0\t0\t0\t0\t-\n',
    )
    expect((await cli('nodes', 'pause', id)).stdout).toBe('site-a\tpaused\n')
    expect((await cli('nodes', 'resume', 'SITE-A')).stdout).toBe('site-a\tnever polled\n')
    expect((await cli('nodes', 'rename', 'site-a', 'St Bees')).stdout).toBe(`St Bees\t${id}\n`)
    const shown = await cli('nodes', 'show', 'st bees', '--json')
    expect(shown.json()).toMatchObject({ collectionId: id, name: 'St Bees', username: 'site-a' })
    const taken = await cli('nodes', 'rename', 'site-b', 'ST BEES')
    expect(taken).toMatchObject({ exitCode: 1, stdout: '' })
    expect(taken.stderr).toContain(id)
    for (const name of ['', ' x', 'a\nb', 'x'.repeat(65), id]) {
      expect((await cli('nodes', 'rename', 'site-b', name)).exitCode).toBe(64)
    }
    const unknown = await cli('nodes', 'show', 'site-c')
    expect(unknown.stderr).toContain('Did you mean site-b?')
    expect((await cli('nodes', 'remove', 'St Bees')).exitCode).toBe(64)
    expect((await cli('nodes', 'remove', 'St Bees', '--yes')).stdout).toBe('St Bees\n')
    expect((await cli('nodes', 'list')).stdout.split('\n')).toHaveLength(2)
  })

  it('has no tasks at first, and says which are unknown', async () => {
    expect(await cli('tasks', 'list', '--json')).toMatchObject({ exitCode: 0, stdout: '[]\n' })
    for (const command of [['show'], ['retry'], ['cancel', '-y']]) {
      const unknown = await cli('tasks', ...command, '6f1c')
      expect(unknown).toMatchObject({ exitCode: 1, stdout: '' })
      expect(unknown.stderr).toContain('unknown task "6f1c"')
    }
    expect((await cli('tasks', 'list', '--state', 'opn')).exitCode).toBe(64)
    expect((await cli('tasks', 'list', '--limit', '0')).exitCode).toBe(64)
  })

  it('resets a password, and suggests a similar user name', async () => {
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

    const unconfirmed = await cli('users', 'remove-subnodes', 'site-a', first)
    expect(unconfirmed.exitCode).toBe(64)
    expect(unconfirmed.stderr).toContain('--yes')
    const foreign = await cli('users', 'remove-subnodes', 'site-a', '-y', UNKNOWN_GUID)
    expect(foreign.exitCode).toBe(1)
    expect(foreign.stderr).toContain('unknown node of site-a')
    const removed = await cli('users', 'remove-subnodes', 'site-a', '--yes', first.toUpperCase())
    expect(removed.stdout).toBe(`${first}\n`)
    const left = await cli('users', 'list-subnodes', 'site-a')
    expect(left.stdout).toBe(`${second}\ttrue\tnever\n`)
  })

  it('updates the schema once', async () => {
    const env = { RELAY_STORE: store.url, RELAY_MIGRATE: 'false' }
    const early = await runCli(env, 'users', 'list')
    expect(early.exitCode).not.toBe(0)
    expect((await runCli(env, 'database', 'update')).stdout).toMatch(
      /^Updated the schema from version 0 to \d+\.\n$/,
    )
    expect((await runCli(env, 'database', 'update')).stdout).toMatch(/^The schema is up to date/)
    expect((await runCli(env, 'users', 'list')).exitCode).toBe(0)
  })
})

const UNKNOWN_GUID = '00000000-0000-4000-8000-000000000000'

describe('the command line', () => {
  it('shows the effective configuration with secrets masked', async () => {
    const env = { RELAY_STORE: 'postgres://relay:geheim@db/relay', RELAY_PORT: '9000' }
    const shown = await runCli(env, 'config', 'check', '--json')
    expect(shown.json()).toMatchObject({ RELAY_PORT: '9000', RELAY_STORE: '********' })
    expect((await runCli(env, 'config', 'check')).stdout).toContain('RELAY_PORT\t9000\n')
  })

  it('exits with 78 and lists all problems of the configuration', async () => {
    const env = { RELAY_PORT: 'x', RELAY_STROE: 'y' }
    const wrong = await runCli(env, 'config', 'check')
    expect(wrong).toMatchObject({ exitCode: 78, stdout: '' })
    expect(wrong.stderr).toContain('RELAY_PORT: expected a whole number')
    expect(wrong.stderr).toContain('Did you mean RELAY_STORE?')
  })

  it('exits with 69 and a hint if the database cannot be opened', async () => {
    const missing = await runCli(
      { RELAY_STORE: 'sqlite:/no/such/folder/relay.sqlite' },
      'users',
      'list',
    )
    expect(missing.exitCode).toBe(69)
    expect(missing.stderr).toContain('Check that the folder of the file exists')
    const down = await runCli({ RELAY_STORE: 'postgres://u:geheim@127.0.0.1:1/d' }, 'users', 'list')
    expect(down.exitCode).toBe(69)
    expect(down.stderr).toContain('ECONNREFUSED')
    expect(down.stderr).not.toContain('geheim')
  })

  it('exits with 64 for an unknown command, and with 0 for help with examples', async () => {
    expect((await runCli({}, 'user', 'list')).exitCode).toBe(64)
    const help = await runCli({}, 'users', '--help')
    expect(help.exitCode).toBe(0)
    expect(help.stdout).toContain('relay users add site-a')
  })

  it('rejects an import with invalid lines as a whole, and shows no password hash', async () => {
    await using store = await openSqlite()
    const env = { RELAY_STORE: store.url }
    const lines = [
      '{"username":"good","passwordHash":"AQAAAA","collectionIds":[]}',
      '{"username":"bad","passwordHash":"SECRETHASH","collectionIds":["RQ-1"]}',
      'not json',
    ].join('\n')
    const rejected = await runCli({ ...env, stdin: lines }, 'users', 'import', '-')
    expect(rejected.exitCode).toBe(65)
    expect(rejected.stderr).toMatch(/line 2: collectionIds.0: expected a GUID[^]*line 3:/)
    expect(rejected.stderr).not.toContain('SECRETHASH')
    expect((await runCli(env, 'users', 'list')).stdout).toBe('')
  })
})
