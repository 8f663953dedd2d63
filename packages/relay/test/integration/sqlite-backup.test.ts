import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BareNode, nodeResult } from '../harness/bare-client.ts'
import { runCli } from '../harness/run-cli.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { startTestRelay } from '../harness/test-relay.ts'

describe('a backup of a SQLite database', () => {
  let folder = ''
  let path = ''
  let backup = ''
  let cli: (...args: string[]) => ReturnType<typeof runCli>
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warren-backup-'))
    path = join(folder, 'relay.sqlite')
    backup = join(folder, 'backup.sqlite')
    cli = (...args) => runCli({ RELAY_STORE: `sqlite:${path}` }, ...args)
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('is made while the relay runs, and a restored relay goes on with the open task', async () => {
    await using upstream = await ScriptedUpstream.start()
    const env = { RELAY_STORE: `sqlite:${path}`, ...upstream.env() }
    let user
    let task
    {
      await using relay = await startTestRelay(env)
      user = await relay.users.add('site-a')
      upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
      task = await new BareNode(relay.url, user).nextTask()
      expect(await cli('backup', backup)).toMatchObject({ exitCode: 0, stdout: `${backup}\n` })
      const refused = await cli('restore', backup, '--yes')
      expect(refused).toMatchObject({ exitCode: 1, stdout: '' })
      expect(refused.stderr).toContain('a relay uses')
      // Changes after the backup.
      await relay.users.remove('site-a')
    }
    expect((await stat(backup)).mode & 0o777).toBe(0o600)
    expect(await cli('restore', backup, '-y')).toMatchObject({ exitCode: 0, stdout: `${path}\n` })
    await using relay = await startTestRelay(env)
    const node = new BareNode(relay.url, user)
    await until(async () => (await node.post(task.uuid, nodeResult(task, 40))).status === 200)
    await until(() => upstream.results().length === 1)
    const kept = (await readdir(folder)).filter((name) => name.includes('before-restore'))
    expect(kept).toHaveLength(1)
  })

  it('never replaces a file, and leaves none behind when it fails', async () => {
    await cli('users', 'add', 'site-a')
    await writeFile(backup, 'important')
    const refused = await cli('backup', backup)
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' })
    expect(refused.stderr).toContain('exists already')
    expect((await cli('backup', join(folder, 'no', 'folder'))).exitCode).toBe(1)
    expect((await readdir(folder)).filter((name) => name.endsWith('.draft'))).toEqual([])
    const missing = await runCli({ RELAY_STORE: `sqlite:${folder}/none` }, 'backup', `${backup}2`)
    expect(missing.stderr).toContain('does not exist')
    expect(existsSync(`${folder}/none`)).toBe(false)
  })

  it.each([
    ['text', 'not a usable database'],
    ['', 'not a usable database'],
  ])('is not restored from a file with %j', async (content, reason) => {
    await cli('users', 'add', 'site-a')
    await writeFile(backup, content)
    const refused = await cli('restore', backup, '--yes')
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' })
    expect(refused.stderr).toContain(reason)
    expect((await cli('users', 'list')).stdout).toContain('site-a')
  })

  it('is made by other means with PostgreSQL', async () => {
    const refused = await runCli({ RELAY_STORE: 'postgres://u:p@127.0.0.1:1/d' }, 'backup', 'x')
    expect(refused).toMatchObject({ exitCode: 64, stdout: '' })
    expect(refused.stderr).toContain('pg_dump')
  })
})
