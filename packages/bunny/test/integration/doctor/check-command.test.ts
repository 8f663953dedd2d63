import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { displayWidth, type CliIo } from '@warren/runtime'
import { freePort } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bunnyCommand } from '../../../src/cli/bunny.command.ts'
import type { CheckDocument } from '../../../src/doctor/check-document.ts'
import { FolderLock } from '../../../src/outbox/folder-lock.ts'
import { bunnyHere } from '../../support/command-line.ts'
import { runBunny } from '../../support/running-bunny.ts'
import { ScriptedTaskApi } from '../../support/scripted-task-api.ts'
import { duckDbHospital, duckDbHospitalFile } from '../../support/small-hospital.ts'
import { availability, person } from '../../support/tasks.ts'

let folder: string
let env: NodeJS.ProcessEnv

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-check-'))
  env = {
    TASK_API_BASE_URL: 'http://127.0.0.1:9',
    TASK_API_ENFORCE_HTTPS: 'false',
    TASK_API_USERNAME: 'north',
    TASK_API_PASSWORD: 'correct-horse-battery-staple',
    COLLECTION_ID: 'collection_id',
    BUNNY_STATE_DIR: join(folder, 'outbox'),
    DATASOURCE_DB_DRIVERNAME: 'duckdb',
    DATASOURCE_DUCKDB_PATH_TO_DB: join(folder, 'omop.duckdb'),
    DATASOURCE_DUCKDB_TEMP_DIRECTORY: folder,
  }
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const read = (stdout: string): CheckDocument => JSON.parse(stdout) as CheckDocument

describe('bunny check', () => {
  it('lists all problems of the configuration and exits with 78', async () => {
    const { code, stdout } = await bunnyHere(['check'], {
      env: { ...env, POLLING_INTERVAL: 'soon', COLLECTION_ID: '', TASK_API_USERNME: 'x' },
    })
    expect(code).toBe(78)
    for (const name of ['POLLING_INTERVAL', 'COLLECTION_ID', 'TASK_API_USERNME']) {
      expect(stdout).toContain(name)
    }
    expect(stdout).toMatch(/skipped +relay/)
  })

  it('exits with 69 for the network and with 77 for the login, whatever else fails after it', async () => {
    const unreachable = await bunnyHere(['check'], {
      env: { ...env, TASK_API_BASE_URL: `http://127.0.0.1:${await freePort()}` },
    })
    expect(unreachable.code).toBe(69)
    await using api = await ScriptedTaskApi.start()
    api.postReplies.push({ status: 401 })
    const rejected = await bunnyHere(['check'], { env: { ...env, TASK_API_BASE_URL: api.url } })
    expect(rejected.code).toBe(77)
    expect(rejected.stdout).toContain('TASK_API_USERNAME')
  })

  it('polls only with --poll, and answers the task that arrives', async () => {
    await duckDbHospitalFile(join(folder, 'omop.duckdb'))
    await using api = await ScriptedTaskApi.start()
    // The first reply is for the health page.
    api.pollReplies.push({ status: 200, body: 'Healthy' })
    api.queue(availability([person('8507')]))
    const { code, stdout } = await bunnyHere(['check', '--json', '--poll'], {
      env: { ...env, TASK_API_BASE_URL: api.url },
    })
    const poll = read(stdout).steps.find(({ id }) => id === 'poll')
    expect(poll).toMatchObject({ status: 'ok', detail: expect.stringContaining('submitted') })
    expect(code).toBe(0)
    expect(api.results.at(-1)).toMatchObject({ uuid: 'unique_id', queryResult: { count: 30 } })
  })

  it('accepts a state folder that a running bunny uses', async () => {
    const outbox = join(folder, 'outbox')
    await writeFile(join(folder, 'not-a-folder'), '')
    await mkdir(outbox)
    const lock = await FolderLock.acquire(outbox)
    const { stdout } = await bunnyHere(['check', '--json'], { env })
    lock[Symbol.dispose]()
    expect(read(stdout).steps.find(({ id }) => id === 'state')).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining('in use by a running bunny'),
    })
    const broken = await bunnyHere(['check', '--json'], {
      env: { ...env, BUNNY_STATE_DIR: join(folder, 'not-a-folder') },
    })
    expect(read(broken.stdout).steps.find(({ id }) => id === 'state')?.status).toBe('failed')
  })

  it('waits with --wait until the relay is there', async () => {
    await duckDbHospitalFile(join(folder, 'omop.duckdb'))
    const port = await freePort()
    const checking = bunnyHere(['check', '--wait', '2m'], {
      env: { ...env, TASK_API_BASE_URL: `http://127.0.0.1:${port}` },
    })
    await new Promise((resolve) => setTimeout(resolve, 3000))
    const api = await ScriptedTaskApi.start(port)
    const { code, stdout, stderr } = await checking
    await api[Symbol.asyncDispose]()
    expect(code).toBe(0)
    expect(stderr).toMatch(/waiting, \d+ s left/)
    // One screen, and not one per attempt.
    expect(stdout.match(/Configuration/g)).toHaveLength(1)
  }, 120_000)

  it('says in words that counts may be identifying', async () => {
    const { stdout } = await bunnyHere(['check', '--json'], {
      env: { ...env, LOW_NUMBER_SUPPRESSION_THRESHOLD: '0', ROUNDING_TARGET: '0' },
    })
    expect(read(stdout).steps.find(({ id }) => id === 'policy')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining('small counts are not suppressed'),
    })
  })

  it('finds everything of the site that would stop the start', async () => {
    const policy = join(folder, 'policy.yaml')
    await writeFile(policy, 'version: 1\nallow: GENERIC\n')
    await writeFile(join(folder, 'not-a-folder'), '')
    const { stdout } = await bunnyHere(['check', '--json'], {
      env: {
        ...env,
        BUNNY_POLICY_FILE: policy,
        BUNNY_AUDIT_DIR: join(folder, 'not-a-folder'),
        OMOP_DEATH_ENABLED: 'true',
        DEMOGRAPHICS_AGE_ENABLED: 'true',
      },
    })
    const { steps, exitCode } = read(stdout)
    const find = (id: string) => steps.find((step) => step.id === id)
    expect(find('policy')?.detail).toContain('also switched on: death, ages')
    expect(find('policy.file')).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('policy.yaml:2:8'),
    })
    expect(find('state.audit')).toMatchObject({ status: 'failed' })
    expect(exitCode).toBe(78)
    await writeFile(policy, 'version: 1\nallow: [GENERIC]\n')
    const valid = await bunnyHere(['check', '--json'], {
      env: { ...env, BUNNY_POLICY_FILE: policy },
    })
    expect(read(valid.stdout).steps.find(({ id }) => id === 'policy.file')).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining('these kinds only: GENERIC'),
    })
  })

  it('checks where probes ask, also while a bunny runs', async () => {
    await using api = await ScriptedTaskApi.start()
    const { source, instance } = await duckDbHospital()
    const port = await freePort()
    const health = {
      BUNNY_HEALTH_ADDRESS: String(port),
      BUNNY_HEALTH_FILE: '/proc/warren/ready',
      TASK_API_BASE_URL: api.url,
    }
    const find = async (id: string) => {
      const { stdout } = await bunnyHere(['check', '--json'], { env: { ...env, ...health } })
      return read(stdout).steps.find((step) => step.id === id)
    }
    expect(await find('health.address')).toMatchObject({ status: 'ok', detail: 'free' })
    expect(await find('health.file')).toMatchObject({
      status: 'failed',
      advice: [expect.stringContaining('BUNNY_HEALTH_FILE')],
    })
    {
      await using _ = await runBunny(api, source, { BUNNY_HEALTH_ADDRESS: String(port) })
      expect(await find('health.address')).toMatchObject({
        status: 'ok',
        detail: 'in use by a running bunny',
      })
    }
    const other = createServer().listen(port, '127.0.0.1')
    await once(other, 'listening')
    expect(await find('health.address')).toMatchObject({ status: 'failed' })
    other.close()
    instance.closeSync()
  })

  it('ends within --timeout even if nothing answers', async () => {
    const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { stdout } = await bunnyHere(['check', '--json', '--timeout', '1s'], {
      env: { ...env, TASK_API_BASE_URL: `http://127.0.0.1:${port}` },
    })
    silent.close()
    const { steps } = read(stdout)
    expect(steps.find(({ id }) => id === 'relay.http')?.status).toBe('failed')
    expect(steps.at(-1)).toMatchObject({ id: 'state', status: 'skipped' })
  })

  it.each([60, 80, 200])('fits into %i columns of a terminal, in colour', async (columns) => {
    let stdout = ''
    const io: CliIo = {
      stdout: { write: (text) => (stdout += text), isTTY: true, columns },
      stderr: { write: () => true },
      stdin: process.stdin,
      env,
    }
    await bunnyCommand(io)
      .parseAsync(['check'], { from: 'user' })
      .catch(() => {})
    expect(stdout).toContain('\u001b[')
    for (const line of stdout.split('\n')) {
      const isLongWord = stripVTControlCharacters(line).trim().split(' ').length < 3
      if (!isLongWord) expect(displayWidth(line)).toBeLessThanOrEqual(columns)
    }
  })

  it('has no colour and one line per step in a pipe', async () => {
    const { stdout } = await bunnyHere(['check'], { env })
    expect(stdout).toBe(stripVTControlCharacters(stdout))
    const document = read((await bunnyHere(['check', '--json'], { env })).stdout)
    const lines = stdout
      .split('\n')
      .filter((line) => /^ {2}(?:ok|warning|failed|skipped) /.test(line))
    expect(lines).toHaveLength(document.steps.length)
  })
})
