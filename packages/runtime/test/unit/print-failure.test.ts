import { describe, expect, it } from 'vitest'

import { ConfigError, ExitCode, printFailure, ProgramError } from '../../src/index.ts'

function failure(error: unknown): { code: number; text: string } {
  const written: string[] = []
  const code = printFailure(error, { write: (text) => written.push(text) }, {})
  return { code, text: written.join('') }
}

describe('printFailure', () => {
  it('prints the message and the hint of a ProgramError, without a stack', () => {
    const error = new ProgramError('a.log does not exist', { exitCode: 65, hint: 'See --help.' })
    expect(failure(error)).toEqual({
      code: 65,
      text: 'error: a.log does not exist\nhint: See --help.\n',
    })
  })

  it('breaks lines at spaces on a terminal, and not in a pipe', () => {
    const message = 'cannot reach the database for 5s: cannot migrate the schema'
    const error = new ProgramError(message, { hint: 'Check RELAY_STORE and the network.' })
    const written: string[] = []
    const write = (text: string) => written.push(text)
    printFailure(error, { write, isTTY: true, columns: 40 }, { NO_COLOR: '1' })
    expect(written.join('')).toBe(
      [
        'error: cannot reach the database for 5s:',
        '  cannot migrate the schema',
        'hint: Check RELAY_STORE and the network.',
        '',
      ].join('\n'),
    )
    expect(failure(error).text).toContain(`error: ${message}\n`)
  })

  it('prints commands the way warren was called', () => {
    const error = new ProgramError('no users', { hint: 'Run warren relay users add site-a.' })
    const written: string[] = []
    const write = (text: string) => written.push(text)
    printFailure(
      error,
      { write, isTTY: true, columns: 40 },
      { NO_COLOR: '1' },
      'npx --no-install warren',
    )
    expect(written.join('')).toBe(
      'error: no users\nhint: Run npx --no-install warren relay\n  users add site-a.\n',
    )
  })

  it('returns 1 by default', () => {
    expect(failure(new ProgramError('x')).code).toBe(ExitCode.failure)
  })

  it('prints every problem of a configuration and returns 78', () => {
    const error = new ConfigError('bunny', [
      { name: 'A', message: 'bad' },
      { name: 'B', message: 'worse' },
    ])
    expect(failure(error)).toEqual({
      code: 78,
      text: 'error: 2 problems in the configuration of bunny:\n  A: bad\n  B: worse\n',
    })
  })

  it('prints the stack of a defect and returns 70', () => {
    const { code, text } = failure(new TypeError('x is not a function'))
    expect(code).toBe(70)
    expect(text).toContain('error: TypeError: x is not a function\n    at ')
  })

  it.each([
    [1, 64],
    [0, 0],
  ])('for a parser exit of %i, returns %i and prints nothing', (exitCode, code) => {
    const error = Object.assign(new Error('x'), { code: 'commander.unknownOption', exitCode })
    expect(failure(error)).toEqual({ code, text: '' })
  })
})
