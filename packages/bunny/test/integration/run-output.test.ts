import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { displayWidth } from '@warren/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bunnyHere, type CommandEnd } from '../support/command-line.ts'
import { duckDbHospitalFile } from '../support/small-hospital.ts'
import { availability, distribution, person } from '../support/tasks.ts'

let folder: string
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-run-'))
  const file = join(folder, 'omop.duckdb')
  await duckDbHospitalFile(file)
  env = { DATASOURCE_DB_DRIVERNAME: 'duckdb', DATASOURCE_DUCKDB_PATH_TO_DB: file }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const men = availability([person('8507')])
const invalid = { ...distribution('DEMOGRAPHICS'), code: 'PHEWAS' }

interface Run {
  readonly args?: readonly string[]
  readonly terminal?: { columns: number }
  readonly env?: NodeJS.ProcessEnv
}

const run = (task: object, { args = [], terminal, env: more }: Run = {}): Promise<CommandEnd> =>
  bunnyHere(['run', '--body-json', JSON.stringify(task), ...args], {
    env: { ...env, ...more },
    ...(terminal === undefined ? {} : { terminal }),
  })

/** The people of the hospital are too few for a band of ages. */
const EXACT = { LOW_NUMBER_SUPPRESSION_THRESHOLD: '0', ROUNDING_TARGET: '0' }

const terminal = { columns: 80 }

describe('bunny run on a terminal', () => {
  it('prints the number of an availability task', async () => {
    const { code, stdout } = await run(men, { terminal })
    expect(stripVTControlCharacters(stdout)).toBe('30 people\n')
    expect(code).toBe(0)
  })

  it.each([40, 80, 200])('prints a table of a distribution in %i columns', async (columns) => {
    const { stdout } = await run(distribution('GENERIC'), { terminal: { columns } })
    for (const line of stdout.split('\n')) {
      expect(displayWidth(stripVTControlCharacters(line))).toBeLessThanOrEqual(columns)
    }
    expect(stdout).toContain('OMOP:254761')
    expect(stdout).toMatch(/\n\d+ rows\n$/)
  })

  it('prints the reason of an error', async () => {
    const { code, stdout } = await run(invalid, { terminal })
    expect(stripVTControlCharacters(stdout)).toMatch(/^not answered: /)
    expect(code).toBe(1)
  })

  it('prints JSON with --json', async () => {
    const { stdout } = await run(men, { terminal, args: ['--json'] })
    expect(JSON.parse(stdout)).toMatchObject({ queryResult: { count: 30 } })
  })
})

describe('bunny run --csv', () => {
  it('has a header and one line per row of a distribution', async () => {
    const { stdout } = await run(distribution('DEMOGRAPHICS'), { args: ['--csv'] })
    const [head, ...rows] = stdout.split('\r\n')
    expect(head).toBe('code,description,category,people,alternatives')
    expect(rows).toContain('SEX,"Sex: Male 30, Female 30",DEMOGRAPHICS,60,^Male|30^Female|30^')
  })

  it('has one line for an availability task, and for one that is not answered', async () => {
    expect((await run(men, { args: ['--csv'] })).stdout).toBe(
      'task,status,people,message\r\nunique_id,ok,30,\r\n',
    )
    const { code, stdout } = await run(invalid, { args: ['--csv'] })
    expect(stdout).toMatch(/\r\nunique_id,error,,.+\r\n$/)
    expect(code).toBe(1)
  })
})

describe('bunny run --dry-run', () => {
  it('prints the question, the decision of the policy and what would leave', async () => {
    const { code, stdout } = await run(men, { args: ['--dry-run'] })
    expect(code).toBe(0)
    expect(stdout).toMatch(/How many: men/)
    expect(stdout).toContain('Policy: would be answered')
    expect(stdout).toContain('Suppression below 10, rounding to 10')
    expect(stdout).toMatch(/30 people\nNothing was sent\.\n$/)
  })

  it('says what the policy refuses, and leaves out denied concepts', async () => {
    const file = join(folder, 'policy.json')
    const policy = { version: 1, allow: ['GENERIC'], deny: { concepts: [254761] } }
    await writeFile(file, JSON.stringify(policy))
    const more = { BUNNY_POLICY_FILE: file }
    const refused = await run(men, { args: ['--dry-run'], env: more })
    expect(refused.stdout).toMatch(/Policy: would be refused: .*\n.*\nWithout the refusal/)
    const generic = await run(distribution('GENERIC'), { args: ['--dry-run'], env: more })
    expect(generic.stdout).toContain('OMOP:317009')
    expect(generic.stdout).not.toContain('OMOP:254761')
  })

  it('prints one object with --json', async () => {
    const { stdout } = await run(men, { args: ['--dry-run', '--json'] })
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: { kind: 'answer' },
      wouldLeave: { queryResult: { count: 30 } },
    })
  })

  it.each([
    ['DEMOGRAPHICS', { DEMOGRAPHICS_AGE_ENABLED: 'true', ...EXACT }, 'AGE'],
    ['GENERIC', { OMOP_SPECIMEN_ENABLED: 'true' }, 'OMOP:4001225'],
  ])('shows the rows of %s that %o adds, like without --dry-run', async (code, more, row) => {
    const both = await Promise.all(
      [[], ['--dry-run']].map((args) => run(distribution(code), { args, terminal, env: more })),
    )
    for (const { stdout } of both) expect(stdout).toContain(row)
  })
})
