import { Readable } from 'node:stream'

import { displayWidth, type CliIo } from '@warren/runtime'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'

import { buildProgram } from '../../src/index.ts'

interface Screen {
  readonly columns?: number
  readonly tty?: boolean
  readonly env?: NodeJS.ProcessEnv
  readonly invocation?: string
}

function recorder({ columns, tty = true, env = {}, invocation }: Screen) {
  const written: string[] = []
  const stream = { isTTY: tty, columns, write: (text: string) => written.push(text) }
  const io: CliIo = {
    stdout: stream,
    stderr: stream,
    stdin: Readable.from([]),
    env,
    ...(invocation === undefined ? {} : { invocation }),
  }
  return { io, written }
}

async function help(path: readonly string[], screen: Screen): Promise<string> {
  const { io, written } = recorder(screen)
  const program = await buildProgram(io)
  await program.parseAsync([...path, '--help'], { from: 'user' }).catch(() => {})
  return written.join('')
}

/** The words after `warren` that lead to each command, visible or not. */
function pathsOf(command: Command, path: readonly string[] = []): (readonly string[])[] {
  return [path, ...command.commands.flatMap((child) => pathsOf(child, [...path, child.name()]))]
}

const PATHS = pathsOf(await buildProgram(recorder({}).io))

/** Words without the backslashes that continue a command on the next line. */
function wordsOf(text: string): string[] {
  return text
    .replaceAll(/ \\\n +/g, ' ')
    .split(/\s+/)
    .filter((word) => word !== '')
}

function tooWide(text: string, columns: number): string[] {
  return text.split('\n').filter((line) => displayWidth(line) > columns)
}

describe('help screens', () => {
  it('exist for every command', () => {
    expect(PATHS.length).toBeGreaterThan(25)
    expect(PATHS).toContainEqual(['relay', 'users', 'import'])
  })

  describe.each([60, 80, 200])('at %i columns', (columns) => {
    it.each(PATHS.map((path) => [path.join(' '), path]))(
      'fit, with all words whole: warren %s',
      async (_, path) => {
        const text = await help(path, { columns })
        expect(text).toContain('Usage: warren')
        expect(tooWide(text, columns)).toEqual([])
        // JSON may be broken behind a comma; every other word stays whole.
        const joined = (words: readonly string[]) => words.join(' ').replaceAll(/, (?=["{[])/g, ',')
        const unlimited = await help(path, { columns: 100_000 })
        expect(joined(wordsOf(text))).toBe(joined(wordsOf(unlimited)))
      },
    )
  })

  it('fit 80 columns in a pipe, or COLUMNS', async () => {
    const path = ['relay', 'users']
    expect(tooWide(await help(path, { tty: false }), 80)).toEqual([])
    const narrow = await help(path, { tty: false, env: { COLUMNS: '60' } })
    expect(tooWide(narrow, 60)).toEqual([])
    expect(await help(path, { columns: 200, env: { COLUMNS: '60' } })).toBe(narrow)
  })

  it('are named in the hint of a usage error', async () => {
    const { io, written } = recorder({ tty: false, invocation: 'npx --no-install warren' })
    const program = await buildProgram(io)
    const usage = program.parseAsync(['relay', 'users', 'add', '--bad'], { from: 'user' })
    await expect(usage).rejects.toThrow()
    expect(written.join('')).toBe(
      "error: unknown option '--bad'\nhint: Run npx --no-install warren relay users add --help for usage.\n",
    )
  })

  it('print commands the way warren was called', async () => {
    const invocation = 'npx --no-install warren'
    for (const path of PATHS) {
      const text = await help(path, { columns: 80, invocation })
      expect(tooWide(text, 80)).toEqual([])
      expect(text).toContain(`Usage: ${invocation}`)
      expect(text).not.toMatch(
        /(?<!--no-install) warren (?:demo|bunny|omop|relay|upstream|report)\b/,
      )
    }
  })
})
