import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createLogger, displayWidth, type LoggerOptions } from '../../src/index.ts'

function terminal(columns = 80, options: Partial<LoggerOptions> = {}) {
  let shown = ''
  const log = createLogger({
    component: 'bunny',
    level: 'info',
    destination: { write: (text) => (shown += text), isTTY: true, columns },
    env: {},
    ...options,
  })
  return { log, shown: () => shown, text: () => stripVTControlCharacters(shown) }
}

describe('a log on a terminal', () => {
  it('is time, level, message and fields', () => {
    const { log, text } = terminal()
    log.info({ taskId: 't-1', durationMs: 12, detail: 'two words' }, 'task solved')
    expect(text()).toMatch(
      /^\d\d:\d\d:\d\d info {2}task solved taskId=t-1 durationMs=12 detail="two words"\n$/,
    )
  })

  it('omits lines below the level', () => {
    const { log, text } = terminal()
    log.debug('no')
    log.warn('yes')
    expect(text()).toMatch(/^\S+ warn {2}yes\n$/)
  })

  it.each([30, 80, 200])('fits into %i columns, in colour', (columns) => {
    const { log, shown } = terminal(columns)
    const words = 'a word '.repeat(40).trim()
    log.error({ detail: words, advice: words }, 'poll failed')
    const lines = shown().split('\n')
    expect(shown()).toContain('\u001b[')
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns)
  })

  it('has advice on a line to itself', () => {
    const { log, text } = terminal()
    log.error({ code: 'x', advice: 'Check the password.' }, 'poll failed')
    expect(text().split('\n').slice(0, 2)).toEqual([
      expect.stringMatching(/ error poll failed code=x$/),
      expect.stringMatching(/^ +→ Check the password\.$/),
    ])
  })

  it('has the message of an error in the line and its stack below', () => {
    const { log, text } = terminal()
    log.error({ err: new Error('broken') }, 'outbox failure')
    expect(text()).toMatch(/^\S+ error outbox failure error=broken\n {15}Error: broken\n {19}at /)
  })

  it('masks secrets, and lets no text from outside start a line or a colour', () => {
    const { log, shown, text } = terminal(200, { secrets: ['correct-horse-battery'] })
    log.info({ user: 'a\nb\u001b[31m', detail: 'correct-horse-battery' }, 'login\rrejected')
    expect(text().trimEnd().split('\n')).toHaveLength(1)
    expect(text()).not.toContain('correct-horse')
    expect(shown()).not.toContain('\u001b[31m')
  })

  it('has no colour with NO_COLOR', () => {
    const { log, shown, text } = terminal(80, { env: { NO_COLOR: '1' } })
    log.info('bunny started')
    expect(shown()).toBe(text())
  })

  it('is JSON if LOG_FORMAT says so, and in a pipe', () => {
    const json = terminal(80, { format: 'json' })
    json.log.info('bunny started')
    let piped = ''
    const destination = { write: (text: string) => (piped += text) }
    const pipe = terminal(80, { destination })
    pipe.log.info('bunny started')
    for (const line of [json.shown(), piped]) {
      expect(JSON.parse(line)).toMatchObject({ msg: 'bunny started', component: 'bunny' })
    }
  })
})
