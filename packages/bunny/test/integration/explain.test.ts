import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bunnyHere } from '../support/command-line.ts'
import { CONCEPT, duckDbHospitalFile } from '../support/small-hospital.ts'
import { availability, person, rule } from '../support/tasks.ts'

let folder: string
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-explain-'))
  const file = join(folder, 'hospital.duckdb')
  await duckDbHospitalFile(file)
  env = { DATASOURCE_DB_DRIVERNAME: 'duckdb', DATASOURCE_DUCKDB_PATH_TO_DB: file }
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const women = availability([person(String(CONCEPT.female)), rule(String(CONCEPT.rare))])

async function explain(
  task: unknown,
  args: readonly string[] = [],
  more: NodeJS.ProcessEnv = env,
): ReturnType<typeof bunnyHere> {
  const file = join(folder, 'task.json')
  await writeFile(file, JSON.stringify(task))
  return bunnyHere(['explain', file, ...args], { env: more })
}

describe('bunny explain', () => {
  it('prints words, tables, SQL, plan and time, and no number of people', async () => {
    const { code, stdout } = await explain(women)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^How many: women/)
    expect(stdout).toContain('Rare disease (4242)')
    expect(stdout).toMatch(/\nTables\n[ \w,\n]*condition_occurrence/)
    expect(stdout).toContain('count(distinct p.person_id)')
    expect(stdout).toMatch(/statement 1: \d+ ms/)
    expect(stdout).toContain('nothing was sent')
    expect(stdout).not.toContain('people: ')
  })

  it('prints JSON with the SQL of every dialect', async () => {
    const { code, stdout } = await explain(women, ['--json'])
    expect(code).toBe(0)
    const explanation: { sql: object; problems: unknown[]; words: string } = JSON.parse(stdout)
    expect(Object.keys(explanation.sql).toSorted()).toEqual(['duckdb', 'mssql', 'postgres'])
    expect(explanation.problems).toEqual([])
    expect(explanation.words).toContain('Rare disease')
  })

  it.each([
    ['without a database', ['--no-database'], undefined, ''],
    ['if the database is not available', [], '/nowhere/x.duckdb', 'warning: the database is not'],
  ])('explains the question %s', async (_, args, path, warning) => {
    const more = { ...env, ...(path === undefined ? {} : { DATASOURCE_DUCKDB_PATH_TO_DB: path }) }
    const { code, stdout, stderr } = await explain(women, args, more)
    expect(code).toBe(0)
    expect(stdout).toContain('4242')
    expect(stdout).not.toContain('Rare disease')
    expect(stderr).toContain(warning)
  })

  it('names every problem by its path, and exits with 1', async () => {
    const bad = availability([rule('1', { exclude: true }), rule('1', { negate: true })])
    const { code, stdout } = await explain(bad)
    expect(code).toBe(1)
    expect(stdout).toContain('cohort.groups[0].rules[0].exclude')
    expect(stdout).toContain('cohort.groups[0].rules[1].negate')
  })
})
