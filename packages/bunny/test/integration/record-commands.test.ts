import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DuckDbSource } from '../../src/sources/duckdb-source.ts'
import { bunnyHere, type CommandEnd } from '../support/command-line.ts'
import { COLLECTION, runBunny } from '../support/running-bunny.ts'
import { ScriptedTaskApi } from '../support/scripted-task-api.ts'
import { duckDbHospital, duckDbHospitalFile } from '../support/small-hospital.ts'
import { availability, person } from '../support/tasks.ts'

const OTHER = 'secret-collection-8'

let folder: string
let source: DuckDbSource
let api: ScriptedTaskApi
let env: Record<string, string>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-record-'))
  ;({ source } = await duckDbHospital())
  api = await ScriptedTaskApi.start()
  env = {
    TASK_API_BASE_URL: api.url,
    COLLECTION_ID: COLLECTION,
    BUNNY_STATE_DIR: join(folder, 'state'),
    BUNNY_POLICY_FILE: join(folder, 'policy.json'),
  }
  await writeFile(join(folder, 'policy.json'), '{"version": 1}')
})

afterEach(async () => {
  await source[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const second = { TASK_API_2_NAME: 'south', TASK_API_2_COLLECTION_ID: OTHER }

const command = (...args: string[]): Promise<CommandEnd> => bunnyHere(args, { env })

const men = (uuid: string, collection = COLLECTION) =>
  availability([person('8507')], { uuid, collection })

/** Runs a daemon until it has answered the tasks. */
async function answer(...tasks: object[]): Promise<void> {
  await using _ = await runBunny(api, source, env)
  api.queue(...tasks)
  await until(() => api.posts.length >= tasks.length)
}

describe('bunny audit', () => {
  it('shows, exports and verifies the record of a daemon', async () => {
    await answer(men('m-1'), men('m-2'))
    const { code, stdout } = await command('audit', 'show')
    expect(code).toBe(0)
    const events = stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t').slice(2, 6))
    expect(events).toEqual([
      ['started', '', expect.stringContaining('threshold 10'), ''],
      ['answered', 'user1', expect.stringContaining('men'), '30 people'],
      ['answered', 'user1', expect.stringContaining('men'), '30 people'],
      ['stopped', '', 'the bunny stopped', ''],
    ])
    const json = await command('audit', 'export')
    expect(
      json.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).event),
    ).toEqual(events.map(([event]) => event))
    const csv = await command('audit', 'export', '--format', 'csv', '--owner', 'user1')
    const [head = '', ...rows] = csv.stdout.trimEnd().split('\r\n')
    expect(head).toMatch(/^seq,time,event,owner,/)
    expect(rows).toHaveLength(2)
    expect((await command('audit', 'show', '--owner', 'nobody')).stdout).toBe('')
    expect((await command('audit', 'show', '--limit', '1')).stdout).toMatch(/\tstopped\t/)
    const verified = await command('audit', 'verify')
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('4 entries') })
    const end = /^end (\S+)$/m.exec(verified.stdout)?.[1] ?? ''
    expect((await command('audit', 'verify', '--expect', end)).code).toBe(0)
  })

  it('exits with 1 if an entry was changed, and with 69 without a record', async () => {
    expect(await command('audit', 'verify')).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('the folder does not exist'),
    })
    await answer(men('m-1'))
    const file = join(folder, 'state', 'audit', 'audit.jsonl')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('"count":30', '"count":20'))
    const { code, stdout, stderr } = await command('audit', 'verify')
    expect(code).toBe(1)
    expect(stdout).toMatch(/audit\.jsonl:2/)
    expect(stderr).toContain('the audit record is not complete')
  })

  it('reads the records of all collections, or of the named one', async () => {
    env = { ...env, ...second }
    await answer(men('m-1'), men('m-2', OTHER))
    const names = (end: CommandEnd): string[] =>
      end.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).link)
    expect(new Set(names(await command('audit', 'show', '--json')))).toEqual(
      new Set(['relay', 'south']),
    )
    const south = await command('audit', 'export', '--collection', 'south')
    expect(new Set(names(south))).toEqual(new Set(['south']))
    expect(south.stdout).toContain('"taskId":"m-2"')
    expect(south.stdout).not.toContain('"taskId":"m-1"')
    expect((await command('audit', 'verify')).stdout).toMatch(/^relay\n(?:.+\n)+south\n/)
    const end = `1:${'0'.repeat(64)}`
    expect(await command('audit', 'verify', '--expect', end)).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('--collection'),
    })
    // A damaged record of one collection is found too.
    const record = (await command('audit', 'show', '--collection', 'south')).stdout
    expect(record).toContain('\tsouth\n')
    expect(await command('audit', 'show', '--collection', 'sout')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('Did you mean south?'),
    })
  })
})

describe('bunny held', () => {
  const held = async (...tasks: object[]): Promise<void> => {
    await writeFile(join(folder, 'policy.json'), '{"version": 1, "hold": [{}]}')
    await using bunny = await runBunny(api, source, env)
    api.queue(...tasks)
    await until(() => bunny.lines.filter(({ msg }) => msg === 'task held').length === tasks.length)
  }

  it('lists nothing without questions', async () => {
    expect(await command('held', 'list')).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(await command('held', 'show', '0123456789ab')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('unknown held question'),
    })
  })

  it('shows a question, and with --dry-run what would leave', async () => {
    await held(men('m-1'))
    await duckDbHospitalFile(join(folder, 'omop.duckdb'))
    env = {
      ...env,
      DATASOURCE_DB_DRIVERNAME: 'duckdb',
      DATASOURCE_DUCKDB_PATH_TO_DB: join(folder, 'omop.duckdb'),
    }
    const [id = ''] = (await command('held', 'list')).stdout.split('\t')
    const { code, stdout } = await command('held', 'show', id, '--dry-run')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^question\tHow many: men/)
    expect(stdout).toContain('would be held')
    expect(stdout).toMatch(/This would leave:\n30 people\nNothing was sent\.\n$/)
    const json = await command('held', 'list', '--json')
    expect(JSON.parse(json.stdout)).toMatchObject({ id, state: 'waiting', taskId: 'm-1' })
  })

  it('finds the questions of every collection, and decides on that of the named one', async () => {
    env = { ...env, ...second }
    await held(men('m-1'), men('m-2', OTHER))
    const lines = (await command('held', 'list')).stdout.trimEnd().split('\n')
    const names = new Set(lines.map((line) => line.split('\t').at(-1)))
    expect(names).toEqual(new Set(['relay', 'south']))
    const [id = ''] = lines[0]?.split('\t') ?? []
    // The same question of the same owner has the same ID.
    expect(await command('held', 'refuse', id)).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('relay, south'),
    })
    const refused = await command('held', 'refuse', id, '--collection', 'south', '--by', 'Ada')
    expect(refused).toMatchObject({ code: 0, stdout: `question ${id} refused\n` })
    const states = (await command('held', 'list')).stdout.trimEnd().split('\n')
    expect(states.map((line) => line.split('\t')).map((cells) => [cells[1], cells.at(-1)])).toEqual(
      expect.arrayContaining([
        ['waiting', 'relay'],
        ['refused', 'south'],
      ]),
    )
  })
})

describe('bunny policy', () => {
  it('shows what a site without a policy file does', async () => {
    const { code, stdout } = await bunnyHere(['policy', 'show'])
    expect(code).toBe(0)
    expect(stdout).toContain('BUNNY_POLICY_FILE is not set')
    expect(stdout).toContain('Answers every kind of task')
  })

  it('checks and shows a file in words, with its digest', async () => {
    const file = join(folder, 'policy.json')
    await writeFile(file, '{"version": 1, "allow": ["availability"], "minimumRules": 2}')
    const checked = await command('policy', 'check')
    expect(checked).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/only: AVAILABILITY\.\n(?:.*\n)*SHA-256 [0-9a-f]{64}\n$/),
    })
    expect((await command('policy', 'show')).stdout).toBe(`policy file\t${file}\n${checked.stdout}`)
    const json = await command('policy', 'show', '--json')
    expect(JSON.parse(json.stdout)).toMatchObject({ file, policy: { minimumRules: 2 } })
  })

  it('names line and column of a problem, and exits with 78', async () => {
    await appendFile(join(folder, 'policy.json'), ' x')
    for (const verb of ['check', 'show']) {
      expect(await command('policy', verb)).toMatchObject({
        code: 78,
        stdout: '',
        stderr: expect.stringMatching(/policy\.json:1:\d+: /),
      })
    }
    expect((await bunnyHere(['policy', 'check'])).code).toBe(64)
  })
})
