import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { DuckDBInstance } from '@duckdb/node-api'
import { freePort } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { loadOmop } from '../../src/load-omop.ts'

const HEADER = 'person_id,gender_concept_id,year_of_birth'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-omop-bad-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function loading(
  contents: Record<string, string | Buffer>,
  options: { skipBadLines?: boolean } = {},
): Promise<unknown> {
  for (const [name, content] of Object.entries(contents))
    await writeFile(join(folder, name), content)
  const to = await DuckDBInstance.create()
  return loadOmop({ from: folder, to, ...options })
    .catch((error: unknown) => error)
    .finally(() => to.closeSync())
}

describe('an invalid folder', () => {
  it('does not exist', async () => {
    const failure = loadOmop({ from: join(folder, 'nowhere'), to: `duckdb:${folder}/x.duckdb` })
    await expect(failure).rejects.toMatchObject({ exitCode: 65 })
  })

  it('has no file named after a table', async () => {
    expect(await loading({ 'patients.csv': HEADER })).toMatchObject({
      exitCode: 65,
      hint: expect.stringContaining('PERSON.csv'),
    })
  })

  it('has two files for one table', async () => {
    expect(await loading({ 'PERSON.csv': HEADER, 'person.tsv': HEADER })).toMatchObject({
      exitCode: 65,
      message: 'PERSON.csv and person.tsv are both for the table person',
    })
  })
})

describe('an invalid file', () => {
  it.each<[string, Record<string, string | Buffer>, Record<string, unknown>]>([
    ['is empty', { 'PERSON.csv': '' }, { message: expect.stringContaining('empty') }],
    [
      'does not have a required column',
      { 'PERSON.csv': 'person_id,gender_concept_id\n1,8507\n' },
      { line: 1, column: 'year_of_birth' },
    ],
    [
      'is separated by colons',
      { 'PERSON.csv': `${HEADER.replaceAll(',', ':')}\n1:8507:1980\n` },
      { line: 1, message: expect.stringContaining('commas, tabs, semicolons') },
    ],
    [
      'names a column twice',
      { 'PERSON.csv': `${HEADER},person_id\n1,8507,1980,1\n` },
      { column: 'person_id', message: expect.stringContaining('twice') },
    ],
    [
      'has a header with an open quote',
      { 'PERSON.csv': '"person_id,gender_concept_id\n1,8507\n' },
      { line: 1, message: expect.stringContaining('never closed') },
    ],
    [
      'is not UTF-8',
      {
        'PERSON.csv': Buffer.concat([Buffer.from(`${HEADER}\n1,8507,`), Buffer.from([0xe9, 0x0a])]),
      },
      { message: expect.stringContaining('UTF-8') },
    ],
    [
      'is an incomplete gzip file',
      { 'PERSON.csv.gz': gzipSync(`${HEADER}\n1,8507,1980\n`.repeat(50)).subarray(0, 40) },
      { file: 'PERSON.csv.gz', message: expect.stringContaining('gzip') },
    ],
    [
      'has no readable line',
      { 'PERSON.csv': `${HEADER}\nx,y,z\n` },
      { line: 2, column: 'person_id' },
    ],
  ])('%s', async (_, contents, problem) => {
    const failure = await loading(contents)
    expect(failure).toMatchObject({ exitCode: 65 })
    expect(failure).toHaveProperty(
      'problems',
      expect.arrayContaining([expect.objectContaining(problem)]),
    )
    // Skipping lines fixes none of these.
    expect(await loading(contents, { skipBadLines: true })).toMatchObject({ exitCode: 65 })
  })

  it('prints no data of a file without a header', async () => {
    const failure = await loading({ 'PERSON.csv': '4711,8507,1974,Zelda\n4712,8532,1980,Yan\n' })
    expect(failure).toMatchObject({ exitCode: 65 })
    expect(String(failure)).not.toMatch(/4711|Zelda|Yan/)
  })

  it('reports the same problem of many lines once, with a count', async () => {
    const failure = await loading({ 'PERSON.csv': `${HEADER}\n${'1,8507,x\n'.repeat(5000)}` })
    expect(failure).toMatchObject({ total: 5000, problems: [{ line: 2, count: 5000 }] })
    expect(String(failure)).toContain('(and 4999 more lines)')
  })

  it('lists the first 20 problems and counts the others', async () => {
    const lines = Array.from({ length: 30 }, (_, i) => `1,8507,1980${',x'.repeat(i + 1)}\n`)
    const failure = await loading({ 'PERSON.csv': `${HEADER}\n${lines.join('')}` })
    expect(failure).toMatchObject({ total: 30 })
    expect(failure).toHaveProperty('problems.length', 20)
    expect(String(failure)).toContain('and 10 more')
  })

  it('lists the problems of all files together', async () => {
    const failure = await loading({
      'PERSON.csv': `${HEADER}\n1,8507,x\n`,
      'DEATH.csv': 'person_id,death_date\n1,06/01/2015\n',
    })
    expect(failure).toMatchObject({
      problems: [
        { file: 'PERSON.csv', line: 2, column: 'year_of_birth' },
        { file: 'DEATH.csv', line: 2, column: 'death_date' },
      ],
    })
  })
})

describe('an unavailable target', () => {
  it('is a database server that is down', async () => {
    const port = await freePort()
    await writeFile(join(folder, 'PERSON.csv'), HEADER)
    await expect(
      loadOmop({ from: folder, to: `postgres://me:secret@127.0.0.1:${port}/omop` }),
    ).rejects.toMatchObject({
      exitCode: 69,
      message: `postgresql://127.0.0.1:${port}/omop: cannot reach the database (ECONNREFUSED)`,
    })
  })

  it('is in a folder that does not exist', async () => {
    await writeFile(join(folder, 'PERSON.csv'), HEADER)
    await expect(
      loadOmop({ from: folder, to: `duckdb:${folder}/no/such/place.duckdb` }),
    ).rejects.toMatchObject({ exitCode: 69 })
  })

  it('is a file that is not a database', async () => {
    await writeFile(join(folder, 'PERSON.csv'), HEADER)
    const to = `duckdb:${join(folder, 'PERSON.csv')}`
    await expect(loadOmop({ from: folder, to, replace: true })).rejects.toMatchObject({
      exitCode: 69,
      message: expect.stringContaining('not a DuckDB database'),
    })
  })

  it('is neither DuckDB nor PostgreSQL', async () => {
    await writeFile(join(folder, 'PERSON.csv'), HEADER)
    await expect(loadOmop({ from: folder, to: 'mysql://x' })).rejects.toMatchObject({
      exitCode: 64,
    })
  })
})
