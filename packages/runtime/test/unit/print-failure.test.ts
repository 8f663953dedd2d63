import { describe, expect, it } from 'vitest'

import { ConfigError, ExitCode, printFailure, ProgramError } from '../../src/index.ts'

function failure(error: unknown): { code: number; text: string } {
  const written: string[] = []
  const code = printFailure(error, { write: (text) => written.push(text) }, {})
  return { code, text: written.join('') }
}

describe('printFailure', () => {
  it('shows what went wrong, a hint, and no stack for a failure people can act on', () => {
    const error = new ProgramError('no such file: a.log', { exitCode: 65, hint: 'See --help.' })
    expect(failure(error)).toEqual({
      code: 65,
      text: 'error: no such file: a.log\nhint: See --help.\n',
    })
  })

  it('ends with 1 unless the failure says otherwise', () => {
    expect(failure(new ProgramError('x')).code).toBe(ExitCode.failure)
  })

  it('shows every problem of a configuration and ends with 78', () => {
    const error = new ConfigError('bunny', [
      { name: 'A', message: 'bad' },
      { name: 'B', message: 'worse' },
    ])
    expect(failure(error)).toEqual({
      code: 78,
      text: 'error: 2 problems in the configuration of bunny:\n  A: bad\n  B: worse\n',
    })
  })

  it('shows the stack of a defect and ends with 70', () => {
    const { code, text } = failure(new TypeError('x is not a function'))
    expect(code).toBe(70)
    expect(text).toContain('error: TypeError: x is not a function\n    at ')
  })

  it.each([
    [1, 64],
    [0, 0],
  ])('gives a parser exit of %i the code %i and prints nothing twice', (exitCode, code) => {
    const error = Object.assign(new Error('x'), { code: 'commander.unknownOption', exitCode })
    expect(failure(error)).toEqual({ code, text: '' })
  })
})
