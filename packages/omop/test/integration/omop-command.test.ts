import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'

import { printFailure, type CliIo } from '@warren/runtime'
import { until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { omopCommand } from '../../src/cli/omop.command.ts'

interface Ran {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-omop-cli-'))
  await writeFile(
    join(folder, 'PERSON.csv'),
    'person_id,gender_concept_id,year_of_birth\n1,8507,1980\n2,8532,1990\n',
  )
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function omop(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  const io: CliIo = {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stdin: Readable.from([]),
    env,
  }
  const exitCode = await omopCommand(io)
    .parseAsync(args, { from: 'user' })
    .then(() => 0)
    .catch((error: unknown) => printFailure(error, io.stderr, env))
  return { exitCode, stdout, stderr }
}

const target = (): string => `duckdb:${join(folder, 'hospital.duckdb')}`

describe('omop load', () => {
  it('lists all tables with their rows, without colours in a pipe', async () => {
    const { exitCode, stdout, stderr } = await omop(['load', folder, '--to', target()])
    expect(exitCode).toBe(0)
    expect(stdout.split('\n')).toContain('person\t2\tPERSON.csv')
    expect(stdout.split('\n')).toContain('measurement\t0\t–')
    expect(stderr).toMatch(/^done: duckdb:.* in \d+\.\d s\n$/m)
  })

  it('prints only JSON on standard output with --json', async () => {
    const { stdout } = await omop(['load', folder, '--to', target(), '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      tables: expect.arrayContaining([
        { table: 'person', file: 'PERSON.csv', rows: 2, skippedLines: 0, emptiedValues: 0 },
      ]),
    })
  })

  it('exits with 65 and prints file, line and column of each problem', async () => {
    await writeFile(join(folder, 'DEATH.csv'), 'person_id,death_date\n1,06/01/2015\n')
    const { exitCode, stdout, stderr } = await omop(['load', folder, '--to', target(), '--json'])
    expect(exitCode).toBe(65)
    expect(stderr).toContain('DEATH.csv:2: death_date: expected a date like 2015-01-06')
    expect(stderr).toContain('hint: Fix the lines, or add --skip-bad-lines')
    expect(JSON.parse(stdout)).toMatchObject({
      total: 1,
      problems: [{ file: 'DEATH.csv', line: 2, column: 'death_date' }],
    })
    expect(stdout + stderr).not.toContain('06/01/2015')
  })

  it('prints how many lines it skipped', async () => {
    await writeFile(join(folder, 'DEATH.csv'), 'person_id,death_date\n1,2015-01-06\n2,?\n')
    const args = ['load', folder, '--to', target(), '--skip-bad-lines']
    const { exitCode, stdout, stderr } = await omop(args)
    expect(exitCode).toBe(0)
    expect(stdout).toContain('death\t1\t1\tDEATH.csv')
    expect(stderr).toContain('note: skipped DEATH.csv:3: death_date')
  })

  it('reads markers of missing values as a list, or one per option', async () => {
    await writeFile(
      join(folder, 'PERSON.csv'),
      'person_id,gender_concept_id,year_of_birth,month_of_birth\n1,8507,1980,NA\n2,8532,1990,NULL\n',
    )
    for (const options of [
      ['--null', 'NA,NULL'],
      ['--null', 'NA', '--null', 'NULL'],
    ]) {
      const args = ['load', folder, '--to', target(), '--replace', ...options]
      expect(await omop(args)).toMatchObject({ exitCode: 0 })
    }
  })

  it('exits with 64 without a valid target', async () => {
    expect(await omop(['load', folder])).toMatchObject({ exitCode: 64 })
    expect(await omop(['load', folder, '--to', 'hospital.db'])).toMatchObject({ exitCode: 64 })
  })

  it('exits with 69 if the database is down, and prints no password', async () => {
    const { exitCode, stdout, stderr } = await omop([
      'load',
      folder,
      '--to',
      'postgres://me:hunter2@127.0.0.1:1/omop',
    ])
    expect(exitCode).toBe(69)
    expect(stderr).toContain('warning: other users of this machine can read the password')
    expect(stdout + stderr).not.toContain('hunter2')
  })

  it('prints examples in its help', async () => {
    const { exitCode, stdout } = await omop(['load', '--help'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('Examples:')
  })
})

describe('omop generate', () => {
  it('fills a database with the same data each time', async () => {
    const args = ['generate', '--persons', '60', '--seed', '4', '--profile', 'coast']
    const first = await omop([...args, '--to', target()])
    expect(first.exitCode).toBe(0)
    expect(first.stdout).toMatch(/^person\t60$/m)
    const again = await omop([...args, '--to', target(), '--replace'])
    expect(again.stdout).toBe(first.stdout)
  })

  it('starts from scratch after a killed run', async () => {
    await writeFile(join(folder, 'hospital.duckdb.unfinished'), 'half a')
    const { exitCode } = await omop(['generate', '--persons', '5', '--to', target()])
    expect(exitCode).toBe(0)
    const names = await readdir(folder)
    expect(names.sort()).toEqual(['PERSON.csv', 'hospital.duckdb'])
  })

  it('rejects invalid numbers and unknown profiles', async () => {
    expect(await omop(['generate', '--persons', 'many', '--to', target()])).toMatchObject({
      exitCode: 64,
    })
    const { exitCode, stderr } = await omop([
      'generate',
      '--persons',
      '5',
      '--to',
      target(),
      '--profile',
      'moon',
    ])
    expect(exitCode).toBe(64)
    expect(stderr).toContain('city')
  })

  it('prevents two loads at the same time, and leaves no files if interrupted', async () => {
    await omop(['generate', '--persons', '10', '--to', target()])
    const before = await stat(join(folder, 'hospital.duckdb'))
    const script = join(folder, 'run.mjs')
    const command = new URL('../../src/cli/omop.command.ts', import.meta.url).href
    const runtime = import.meta.resolve('@warren/runtime')
    await writeFile(
      script,
      `import { omopCommand } from ${JSON.stringify(command)}
       import { printFailure, processIo } from ${JSON.stringify(runtime)}
       const io = processIo()
       try { await omopCommand(io).parseAsync() } catch (error) { process.exitCode = printFailure(error, io.stderr) }`,
    )
    const args = ['generate', '--persons', '1000000', '--replace', '--to', target()]
    const child = spawn(process.execPath, [script, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const ended = once(child, 'exit')
    await until(async () => (await readdir(folder)).some((name) => name.endsWith('.unfinished')))
    expect(await omop(['load', folder, '--replace', '--to', target()])).toMatchObject({
      exitCode: 69,
      stderr: expect.stringContaining('another program has the DuckDB file open'),
    })
    child.kill('SIGINT')
    expect(await ended).toEqual([130, null])
    const names = await readdir(folder)
    expect(names.sort()).toEqual(['PERSON.csv', 'hospital.duckdb', 'run.mjs'])
    const after = await stat(join(folder, 'hospital.duckdb'))
    expect(after.ino).toBe(before.ino)
    expect(await readFile(join(folder, 'hospital.duckdb'))).toHaveLength(before.size)
  })
})
