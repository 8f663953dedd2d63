import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
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

const ANSWER = `{"uuid":"unique_id","status":"ok","collection_id":"collection_id","message":"","protocolVersion":"v2","queryResult":{"count":30,"datasetCount":0,"files":[]}}\n`

describe('bunny run', () => {
  it('answers a question from a file, from standard input, and from the command line', async () => {
    const question = JSON.stringify(availability([person('8507')]))
    const ends = await Promise.all([
      run(['run', '--body', at('men.json')]),
      run(['run', '--body', '-'], { stdin: question }),
      run(['run', '--body-json', question]),
    ])
    for (const end of ends) expect(end).toEqual({ code: 0, stdout: ANSWER, stderr: '' })
  })

  it('hides and rounds as its modifiers say, and not as the daemon is configured', async () => {
    const args = ['run', '--body', at('men.json')]
    const exact = '[{"id":"Rounding","nearest":0},{"id":"Low Number Suppression","threshold":0}]'
    const counts = await Promise.all(
      [[...args, '-m', exact], [...args, '--modifiers', '[]'], args].map(async (given) => {
        const daemon = { LOW_NUMBER_SUPPRESSION_THRESHOLD: '1000', ROUNDING_TARGET: '1000' }
        const { stdout } = await run(given, { env: daemon })
        return parseResult(JSON.parse(stdout)).queryResult.count
      }),
    )
    expect(counts).toEqual([32, 30, 30])
  })

  it('writes to a file where told', async () => {
    const end = await run(['run', '--body', at('men.json'), '--output', at('answer.json')])
    expect(end).toMatchObject({ code: 0, stdout: '' })
    expect(await readFile(at('answer.json'), 'utf8')).toBe(ANSWER)
  })

  it('leaves files readable with --no-encode', async () => {
    const query = JSON.stringify(distribution('DEMOGRAPHICS'))
    const { stdout } = await run(['run', '--body-json', query, '--no-encode'])
    expect(stdout).toContain('^Male|30^Female|30^')
  })

  it('exits with 1 when the question gets no answer, and says why', async () => {
    const query = JSON.stringify(distribution('ICD-MAIN'))
    const end = await run(['run', '--body-json', query])
    expect(end.code).toBe(1)
    expect(end.stderr).toContain('ICD-MAIN queries are not yet supported.')
    expect(JSON.parse(end.stdout)).toMatchObject({ uuid: 'unique_id', status: 'error' })
  })

  it.each([
    ['no question', ['run'], 64, /exactly one/],
    ['two questions', ['run', '--body', 'a', '--body-json', 'b'], 64, /exactly one/],
    ['an option nobody knows', ['run', '--frob'], 64, /unknown option/],
    ['text that is no JSON', ['run', '--body-json', '{'], 1, /Invalid JSON input/],
    ['a file that is not there', ['run', '--body', 'none.json'], 1, /cannot read none\.json/],
    ['modifiers that are no JSON', ['run', '--body-json', '{}', '-m', 'x'], 1, /Invalid JSON/],
    ['modifiers that are no list', ['run', '--body-json', '{}', '-m', '{}'], 1, /array/],
    ['a question that is none', ['run', '--body-json', '[]'], 1, /not a valid task/],
    ['a folder that is not there', ['run', '--body', 'MEN', '-o', '/no/x'], 1, /\/no\/x/],
    ['a disk that is full', ['run', '--body', 'MEN', '-o', '/dev/full'], 1, /ENOSPC/],
  ])('exits in good order on %s', async (_what, args, code, message) => {
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

  it('helps without a database or a configuration', async () => {
    const end = await bunnyHere(['run', '--help'])
    expect(end).toMatchObject({ code: 0, stderr: '' })
    expect(end.stdout).toContain('Examples:')
  })
})

describe('bunny run --batch', () => {
  it('answers every line in its place, on one connection', async () => {
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
    expect(end.stderr).toContain('3 of 6 questions were not answered')
  })

  it('reads a file, and an empty one has no results', async () => {
    await writeFile(at('none.jsonl'), '\n')
    const end = await run(['run', '--batch', at('none.jsonl')])
    expect(end).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('takes thousands of lines', async () => {
    const line = JSON.stringify({ query: availability([person('8507')]) })
    const end = await run(['run', '--batch', '-'], { stdin: `${line}\n`.repeat(3000) })
    expect(end.code).toBe(0)
    expect(end.stdout).toBe(ANSWER.repeat(3000))
  })
})

describe('the command line of the Python client', () => {
  it('is understood: no subcommand, -o and -m', async () => {
    const end = await run(['--body', at('men.json'), '-o', at('old.json'), '-m', '[]'])
    expect(end).toMatchObject({ code: 0, stdout: '' })
    expect(await readFile(at('old.json'), 'utf8')).toBe(ANSWER)
  })

  it('says "Saved results to" in the text log', async () => {
    const { stderr } = await run(['--body', at('men.json'), '-o', at('o.json')], {
      env: { LOG_FORMAT: 'text' },
    })
    expect(stderr).toMatch(/^INFO - \S+ \S+ - Saved results to .*o\.json\n$/)
  })
})

describe('bunny config check', () => {
  it('shows the configuration in effect, without its secrets', async () => {
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

  it('exits with 78 where the daemon would not start', async () => {
    const end = await run(['config', 'check'], { env: { TASK_API_BASE_URL: 'http://x' } })
    expect(end).toMatchObject({ code: 78, stdout: '' })
    expect(end.stderr).toContain('HTTPS is required for the task API but not used')
  })
})
