import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

import { describe, expect, it } from 'vitest'

import type { LogRecord } from '../../src/index.ts'

interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
}

interface Run extends AsyncDisposable {
  readonly process: ChildProcess
  readonly messages: string[]
  readonly records: LogRecord[]
  until(message: string): Promise<void>
  readonly ended: Promise<Ending>
}

function start(behaviour: string): Run {
  const program = new URL('programs/service.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [program, behaviour], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const messages: string[] = []
  const records: LogRecord[] = []
  const reader = createInterface(child.stdout)
  reader.on('line', (line) => {
    const record: LogRecord = JSON.parse(line)
    records.push(record)
    messages.push(record.msg)
  })
  const ended = new Promise<Ending>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
  return {
    process: child,
    messages,
    records,
    ended,
    until: async (message) => {
      while (!messages.includes(message)) await once(reader, 'line')
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

describe('runProgram', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'drains at the first %s, disposes resources in reverse order and ends by that signal',
    async (signal) => {
      await using run = start('wait')
      await run.until('ready')
      run.process.kill(signal)
      expect(await run.ended).toEqual({ code: null, signal })
      expect(run.messages).toEqual([
        'ready',
        'service stopping',
        'drained',
        'released last acquired',
        'released first acquired',
        'service stopped',
      ])
    },
  )

  it('stops immediately at the second signal', async () => {
    await using run = start('slow')
    await run.until('ready')
    run.process.kill('SIGTERM')
    await run.until('released last acquired')
    run.process.kill('SIGTERM')
    expect(await run.ended).toEqual({ code: null, signal: 'SIGTERM' })
    expect(run.messages).toContain('service stopped at once by a second signal')
    expect(run.messages).not.toContain('service stopped')
  })

  it('does not drain longer than the timeout', async () => {
    await using run = start('slow')
    await run.until('ready')
    run.process.kill('SIGTERM')
    expect(await run.ended).toEqual({ code: null, signal: 'SIGTERM' })
    expect(run.messages).toContain('service did not stop in time')
  })

  it('treats an AbortError after a signal as a clean shutdown', async () => {
    await using run = start('abort')
    await run.until('ready')
    run.process.kill('SIGTERM')
    expect(await run.ended).toEqual({ code: null, signal: 'SIGTERM' })
    expect(run.messages.at(-1)).toBe('service stopped')
  })

  it('ends with 0 when main returns', async () => {
    await using run = start('finish')
    expect(await run.ended).toEqual({ code: 0, signal: null })
    expect(run.messages).toContain('released first acquired')
  })

  it('ends despite a running timer, and logs it', async () => {
    await using run = start('leak')
    expect(await run.ended).toEqual({ code: 0, signal: null })
    expect(run.records.at(-1)).toMatchObject({
      msg: 'service ended with handles open',
      handles: expect.arrayContaining(['Timeout']),
    })
  })

  it('ends with the code of a ProgramError, after disposing its resources', async () => {
    await using run = start('misconfigured')
    expect(await run.ended).toEqual({ code: 78, signal: null })
    expect(run.messages).toEqual([
      'released last acquired',
      'released first acquired',
      'service failed',
    ])
    expect(run.records.at(-1)).toMatchObject({ level: 60, reason: 'no database' })
  })

  it('ends with 70 after a defect, and logs its stack', async () => {
    await using run = start('defect')
    expect(await run.ended).toEqual({ code: 70, signal: null })
    expect(run.records.at(-1)).toMatchObject({ msg: 'service failed', err: { message: 'oops' } })
  })

  it('ends with 70 after an unhandled rejection', async () => {
    await using run = start('reject')
    expect(await run.ended).toEqual({ code: 70, signal: null })
    expect(run.records.at(-1)).toMatchObject({
      level: 60,
      msg: 'service crashed',
      err: { message: 'not caught' },
    })
  })
})
