import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { inCi } from '../../src/services/requirement.ts'

const repository = new URL('../../../..', import.meta.url).pathname
const testCommand = join(repository, 'scripts/test.ts')
const testkit = join(repository, 'packages/testkit/src')

let project: string

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'warren-project-'))
  await mkdir(join(project, 'node_modules'))
})

afterEach(() => rm(project, { recursive: true, force: true }))

async function suite(name: string, body: string): Promise<void> {
  const vitest = join(repository, 'node_modules/vitest/dist/index.js')
  const text = `import { describe, expect, it } from '${vitest}'\n${body}\n`
  await writeFile(join(project, `${name}.test.ts`), text)
}

/** Runs `npm test` in `project` instead of this repository. */
async function run(
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; output: string; lastLine: string | undefined }> {
  const child = spawn(process.execPath, [testCommand, '--root', project, ...args], {
    env: { ...process.env, CI: '', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString()
  })
  child.stderr.on('data', (data: Buffer) => {
    output += data.toString()
  })
  const [code] = await once(child, 'close')
  return { code: Number(code), output, lastLine: output.trimEnd().split('\n').at(-1) }
}

const passes = `it('passes', () => {})`
const skips = `it.skip('waits', () => {})`
const fails = `it('fails', () => expect(1).toBe(2))`

describe('npm test', { timeout: 60_000 }, () => {
  it('prints the counts and exits with 0 if every test passes', async () => {
    await suite('one', `${passes}; ${skips}`)
    await suite('two', passes)
    expect(await run()).toMatchObject({ code: 0, lastLine: '2 passed, 0 failed, 1 skipped' })
  })

  it('fails if a test fails', async () => {
    await suite('one', `${passes}; ${fails}`)
    expect(await run()).toMatchObject({ code: 1, lastLine: '1 passed, 1 failed, 0 skipped' })
  })

  it('counts a file that cannot be loaded as a failure', async () => {
    await suite('one', passes)
    await suite('two', `throw new Error('no')`)
    expect(await run()).toMatchObject({ code: 1, lastLine: '1 passed, 1 failed, 0 skipped' })
  })

  it('fails if there are no tests', async () => {
    const { code, output, lastLine } = await run()
    expect([code, lastLine]).toEqual([1, '0 passed, 0 failed, 0 skipped'])
    expect(output).toContain('no test ran')
  })

  it('fails in CI if a test is skipped', async () => {
    await suite('one', `${passes}; ${skips}`)
    const { code, output, lastLine } = await run([], { CI: 'true' })
    expect([code, lastLine]).toEqual([1, '1 passed, 0 failed, 1 skipped'])
    expect(output).toContain('tests must not be skipped in CI')
  })

  it('fails if every test passes but an error is unhandled', async () => {
    await suite('one', `it('passes', () => void Promise.reject(new Error('stray')))`)
    const { code, lastLine } = await run()
    expect([code, lastLine]).toEqual([1, '1 passed, 0 failed, 0 skipped'])
  })

  it('passes its arguments to vitest', async () => {
    await suite('one', passes)
    await suite('two', fails)
    expect(await run(['one'])).toMatchObject({ code: 0 })
  })
})

describe('suite whose service is missing', { timeout: 60_000 }, () => {
  const needs = `
    import { describeService } from '${testkit}/describe-service.ts'
    const requirement = {
      title: 'Oracle',
      urlVariable: 'WARREN_TEST_ORACLE_URL',
      debianPackage: 'oracle',
      brewPackage: 'oracle',
      find: () => undefined,
    }
    const start = () => Promise.reject(new Error('Oracle is not installed'))
    ${passes}
    describeService(requirement, 'the Oracle suite', () => { ${passes} }, start)
  `

  it('is skipped under a name that contains the install command', async () => {
    await suite('one', needs)
    const { code, output, lastLine } = await run(['--reporter=verbose'])
    expect([code, lastLine]).toEqual([0, '1 passed, 0 failed, 1 skipped'])
    const command = '(sudo apt-get|brew) install.* oracle, or set WARREN_TEST_ORACLE_URL'
    expect(output).toMatch(new RegExp(`the Oracle suite \\(skipped, needs Oracle: ${command}\\)`))
    expect(output).toMatch(new RegExp(`^Skipped suites need Oracle: ${command}$`, 'm'))
  })

  it('runs with the URL of a running service', async () => {
    await suite('one', needs.replace('Promise.reject(', 'Promise.resolve('))
    const { lastLine } = await run([], { WARREN_TEST_ORACLE_URL: 'oracle://x' })
    expect(lastLine).toBe('2 passed, 0 failed, 0 skipped')
  })

  it('fails in CI', async () => {
    await suite('one', needs)
    const { code, output } = await run([], { CI: 'true' })
    expect(code).toBe(1)
    expect(output).toContain('Oracle is not installed')
  })
})

describe('inCi', () => {
  it('is true if the variable CI is set', () => {
    const before = process.env['CI']
    try {
      const known = ['true', '1', 'false', '0', ''].map((value) => {
        process.env['CI'] = value
        return inCi()
      })
      expect(known).toEqual([true, true, false, false, false])
    } finally {
      if (before === undefined) delete process.env['CI']
      else process.env['CI'] = before
    }
  })
})
