import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bunny, MAIN } from '../support/bunny-process.ts'
import { duckDbHospitalFile } from '../support/small-hospital.ts'
import { availability, distribution, person } from '../support/tasks.ts'

let folder = ''
let env: Record<string, string> = {}
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-run-'))
  const file = join(folder, 'omop.duckdb')
  await duckDbHospitalFile(file)
  env = { DATASOURCE_DB_DRIVERNAME: 'duckdb', DATASOURCE_DUCKDB_PATH_TO_DB: file }
  await writeFile(join(folder, 'men.json'), JSON.stringify(availability([person('8507')])))
})
afterAll(() => rm(folder, { recursive: true }))

describe('bunny run as a process', () => {
  it('writes the result to standard output, or to output.json without a subcommand', async () => {
    const end = await bunny(['run', '--body', 'men.json'], { env, cwd: folder })
    expect(end).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(JSON.parse(end.stdout)).toMatchObject({ status: 'ok', queryResult: { count: 30 } })

    const earlier = await bunny(['--body', 'men.json'], { env, cwd: folder })
    expect(earlier).toMatchObject({ code: 0, stdout: '' })
    expect(await readFile(join(folder, 'output.json'), 'utf8')).toBe(end.stdout)
  })

  it('exits with 1 for a task that cannot be answered, and 64 for invalid usage', async () => {
    const query = JSON.stringify(distribution('ICD-MAIN'))
    const ends = await Promise.all([
      bunny(['run', '--body-json', query], { env }),
      bunny(['run', '--frob'], { env }),
    ])
    expect(ends.map(({ code }) => code)).toEqual([1, 64])
  })

  it('fails if the result cannot be written', async () => {
    const line = `${JSON.stringify({ query: availability([person('8507')]) })}\n`
    await writeFile(join(folder, 'many.jsonl'), line.repeat(1000))
    const shells = [
      `set -o pipefail; ${process.execPath} ${MAIN} run --batch many.jsonl | true`,
      `${process.execPath} ${MAIN} run --body men.json > /dev/full`,
    ].map((script) =>
      spawn('bash', ['-c', script], { cwd: folder, env: { PATH: process.env['PATH'], ...env } }),
    )
    let stderr = ''
    for (const shell of shells) shell.stderr.on('data', (data: Buffer) => (stderr += String(data)))
    const codes = await Promise.all(shells.map((shell) => once(shell, 'close')))
    // 141 is the exit code of a shell for SIGPIPE.
    expect(codes.map(([code]) => code as unknown)).toEqual([141, 1])
    expect(stderr).toContain('error: cannot write to standard output: the disk is full')
  })
})
