import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseResult } from '@warren/task-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bunnyHere } from '../support/command-line.ts'
import { duckDbHospitalFile } from '../support/small-hospital.ts'
import { availability, distribution, person } from '../support/tasks.ts'

let folder = ''
let env: Record<string, string> = {}
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-run-'))
  const file = join(folder, 'omop.duckdb')
  await duckDbHospitalFile(file)
  env = { DATASOURCE_DB_DRIVERNAME: 'duckdb', DATASOURCE_DUCKDB_PATH_TO_DB: file }
  await writeFile(at('men.json'), JSON.stringify(availability([person('8507')])))
})
afterAll(() => rm(folder, { recursive: true }))

const at = (name: string): string => join(folder, name)

const run = (args: readonly string[], more: { stdin?: string; env?: NodeJS.ProcessEnv } = {}) =>
  bunnyHere(args, { ...more, env: { ...env, ...more.env } })

const RESULT = `{"uuid":"unique_id","status":"ok","collection_id":"collection_id","message":"","protocolVersion":"v2","queryResult":{"count":30,"datasetCount":0,"files":[]}}\n`

describe('bunny run', () => {
  it('answers a task from a file, from standard input and from the command line', async () => {
    const task = JSON.stringify(availability([person('8507')]))
    const ends = await Promise.all([
      run(['run', '--body', at('men.json')]),
      run(['run', '--body', '-'], { stdin: task }),
      run(['run', '--body-json', task]),
    ])
    for (const end of ends) expect(end).toEqual({ code: 0, stdout: RESULT, stderr: '' })
  })

  it('suppresses and rounds like the daemon, unless modifiers are given', async () => {
    const args = ['run', '--body', at('men.json')]
    const exact = '[{"id":"Rounding","nearest":0},{"id":"Low Number Suppression","threshold":0}]'
    const counts = await Promise.all(
      [[...args, '-m', exact], [...args, '--modifiers', '[]'], args].map(async (given) => {
        const daemon = { LOW_NUMBER_SUPPRESSION_THRESHOLD: '1000', ROUNDING_TARGET: '1000' }
        const { stdout } = await run(given, { env: daemon })
        return parseResult(JSON.parse(stdout)).queryResult.count
      }),
    )
    expect(counts).toEqual([32, 30, 0])
  })

  it('writes to the given file', async () => {
    const end = await run(['run', '--body', at('men.json'), '--output', at('result.json')])
    expect(end).toMatchObject({ code: 0, stdout: '' })
    expect(await readFile(at('result.json'), 'utf8')).toBe(RESULT)
  })

  it('writes files that only their owner can read, even over others', async () => {
    await writeFile(at('open.json'), '', { mode: 0o644 })
    for (const file of ['open.json', 'private.json']) {
      await run(['run', '--body', at('men.json'), '--output', at(file)])
      expect((await stat(at(file))).mode & 0o777).toBe(0o600)
    }
  })

  it.each([
    [{ LOW_NUMBER_SUPPRESSION_THRESHOLD: '12' }, /12 is not a multiple .* 10 or 20/s],
    [{ LOW_NUMBER_SUPPRESSION_THRESHOLD: '12', ROUNDING_TARGET: '30' }, /30 or 60/],
    [{ LOW_NUMBER_SUPPRESSION_THRESHOLD: '-5' }, /LOW_NUMBER_SUPPRESSION_THRESHOLD/],
    [{ ROUNDING_TARGET: '2.5' }, /ROUNDING_TARGET/],
  ])('does not start with the policy %o', async (env, message) => {
    const end = await run(['run', '--body', at('men.json')], { env })
    expect(end).toMatchObject({ code: 78, stdout: '' })
    expect(end.stderr).toMatch(message)
  })

  it('writes readable files with --no-encode', async () => {
    const query = JSON.stringify(distribution('DEMOGRAPHICS'))
    const { stdout } = await run(['run', '--body-json', query, '--no-encode'])
    expect(stdout).toContain('^Male|30^Female|30^')
  })

  it('exits with 1 and the reason if the task cannot be answered', async () => {
    const query = JSON.stringify(distribution('ICD-MAIN'))
    const end = await run(['run', '--body-json', query])
    expect(end.code).toBe(1)
    expect(end.stderr).toContain('ICD-MAIN queries are not yet supported.')
    expect(JSON.parse(end.stdout)).toMatchObject({ uuid: 'unique_id', status: 'error' })
  })

  it.each([
    ['no task', ['run'], 64, /exactly one/],
    ['two tasks', ['run', '--body', 'a', '--body-json', 'b'], 64, /exactly one/],
    ['an unknown option', ['run', '--frob'], 64, /unknown option/],
    ['text that is not JSON', ['run', '--body-json', '{'], 1, /Invalid JSON input/],
    ['a file that does not exist', ['run', '--body', 'none.json'], 1, /cannot read none\.json/],
    ['modifiers that are not JSON', ['run', '--body-json', '{}', '-m', 'x'], 1, /Invalid JSON/],
    ['modifiers that are not a list', ['run', '--body-json', '{}', '-m', '{}'], 1, /array/],
    ['a body that is not a task', ['run', '--body-json', '[]'], 1, /not a valid task/],
    ['a folder that does not exist', ['run', '--body', 'MEN', '-o', '/no/x'], 1, /\/no\/x/],
    ['a full disk', ['run', '--body', 'MEN', '-o', '/dev/full'], 1, /the disk is full/],
  ])('exits with an error message on %s', async (_what, args, code, message) => {
    const end = await run(args.map((arg) => (arg === 'MEN' ? at('men.json') : arg)))
    expect(end.stderr).toMatch(message)
    expect(end.stderr).not.toMatch(/\n {4}at /)
    expect(end.code).toBe(code)
  })

  it('exits with 69 without a database and 78 without a configuration', async () => {
    const none = { DATASOURCE_DUCKDB_PATH_TO_DB: join(folder, 'none.duckdb') }
    const away = await run(['run', '--body', at('men.json')], { env: none })
    expect(away).toMatchObject({ code: 69, stdout: '' })
    expect(away.stderr).toContain('the database is not available')
    const wrong = await run(['run', '--body', at('men.json')], {
      env: { DATASOURCE_DB_DRIVERNAME: 'mssql' },
    })
    expect(wrong).toMatchObject({ code: 78, stdout: '' })
  })

  it('prints its help without a database or a configuration', async () => {
    const end = await bunnyHere(['run', '--help'])
    expect(end).toMatchObject({ code: 0, stderr: '' })
    expect(end.stdout).toContain('Examples:')
  })
})

describe('bunny run --batch', () => {
  it('answers each line in order, on one connection', async () => {
    const men = availability([person('8507')], { uuid: 'men' })
    const women = availability([person('8532')], { uuid: 'women' })
    const lines = [
      JSON.stringify({ query: men, modifiers: [{ id: 'Rounding', nearest: 0 }] }),
      JSON.stringify({ query: women }),
      '',
      'not json',
      JSON.stringify({ query: women, modifiers: [{ id: 'Rounding', nearest: 'x' }] }),
      JSON.stringify({ query: { uuid: 'broken' } }),
      JSON.stringify({ query: distribution('DEMOGRAPHICS', { uuid: 'demo' }) }),
    ]
    const end = await run(['run', '--batch', '-', '-m', '[{"id":"Rounding","nearest":100}]'], {
      stdin: lines.join('\n'),
    })
    const results = end.stdout
      .trimEnd()
      .split('\n')
      .map((line) => parseResult(JSON.parse(line)))
    expect(
      results.map(({ uuid, status, queryResult }) => [uuid, status, queryResult.count]),
    ).toEqual([
      ['men', 'ok', 32],
      ['women', 'ok', 0],
      ['', 'error', 0],
      ['women', 'error', 0],
      ['broken', 'error', 0],
      ['demo', 'ok', 2],
    ])
    expect(end.code).toBe(1)
    expect(end.stderr).toMatch(/^line 4: not JSON/)
    expect(end.stderr).toContain('3 of 6 tasks were not answered')
  })

  it('writes no results for an empty file', async () => {
    await writeFile(at('none.jsonl'), '\n')
    const end = await run(['run', '--batch', at('none.jsonl')])
    expect(end).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('answers thousands of lines', { timeout: 180_000 }, async () => {
    const line = JSON.stringify({ query: availability([person('8507')]) })
    const end = await run(['run', '--batch', '-'], { stdin: `${line}\n`.repeat(3000) })
    expect(end.code).toBe(0)
    expect(end.stdout).toBe(RESULT.repeat(3000))
  })
})

describe('the command line of the Python bunny', () => {
  it('is supported: no subcommand, -o and -m', async () => {
    const end = await run(['--body', at('men.json'), '-o', at('old.json'), '-m', '[]'])
    expect(end).toMatchObject({ code: 0, stdout: '' })
    expect(await readFile(at('old.json'), 'utf8')).toBe(RESULT)
  })

  it('writes "Saved results to" to the text log', async () => {
    const { stderr } = await run(['--body', at('men.json'), '-o', at('o.json')], {
      env: { LOG_FORMAT: 'text' },
    })
    expect(stderr).toMatch(/^INFO - \S+ \S+ - Saved results to .*o\.json\n$/)
  })
})

describe('bunny config check', () => {
  it('prints the effective configuration, with secrets masked', async () => {
    const end = await run(['config', 'check', '--json'], {
      env: {
        TASK_API_BASE_URL: 'https://relay.example.org',
        TASK_API_USERNAME: 'site-a',
        TASK_API_PASSWORD: 'hunter2',
        COLLECTION_ID: 'secret-id',
        POLLING_INTERVAL: '7',
      },
    })
    expect(end.code).toBe(0)
    expect(JSON.parse(end.stdout)).toMatchObject({
      TASK_API_USERNAME: 'site-a',
      TASK_API_PASSWORD: '********',
      COLLECTION_ID: '********',
      DATASOURCE_DB_DRIVERNAME: 'duckdb',
    })
    expect(end.stdout).not.toMatch(/hunter2|secret-id/)
  })

  it('exits with 78 if the daemon would not start', async () => {
    const end = await run(['config', 'check'], { env: { TASK_API_BASE_URL: 'http://x' } })
    expect(end).toMatchObject({ code: 78, stdout: '' })
    expect(end.stderr).toContain('HTTPS is required for the task API but not used')
  })
})
