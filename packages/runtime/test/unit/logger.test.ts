import { describe, expect, it } from 'vitest'

import { createLogger, type LogRecord, type LoggerOptions } from '../../src/index.ts'

function capture(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = []
  const log = createLogger({
    component: 'relay',
    level: 'debug',
    format: 'json',
    destination: { write: (line) => lines.push(line) },
    ...options,
  })
  return {
    log,
    lines,
    last: (): LogRecord => JSON.parse(lines.at(-1) ?? ''),
  }
}

describe('JSON log', () => {
  it('is one object per line with level, time, component and message', () => {
    const { log, lines, last } = capture()
    log.info({ taskId: 't-1', durationMs: 12 }, 'task settled')
    expect(lines).toHaveLength(1)
    expect(lines[0]?.endsWith('}\n')).toBe(true)
    expect(last()).toMatchObject({
      level: 30,
      component: 'relay',
      taskId: 't-1',
      durationMs: 12,
      msg: 'task settled',
    })
    expect(Math.abs(last().time - Date.now())).toBeLessThan(10_000)
  })

  it('omits lines below the level', () => {
    const { log, lines } = capture({ level: 'warn' })
    log.info('no')
    log.warn('yes')
    expect(lines).toHaveLength(1)
  })

  it.each([
    'password',
    'Password',
    'dbPassword',
    'passphrase',
    'authorization',
    'Authorization',
    'token',
    'clientSecret',
    'apiKey',
    'set-cookie',
    'connectionString',
  ])('masks the field %s at any depth', (name) => {
    const { log, lines } = capture()
    log.info({ [name]: 'hunter2' }, 'top')
    log.info({ request: { headers: [{ [name]: 'hunter2' }] } }, 'deep')
    log.child({ [name]: 'hunter2' }).info('bound')
    expect(lines.join('')).not.toContain('hunter2')
    expect(lines.join('').split('[REDACTED]')).toHaveLength(4)
  })

  it('keeps fields with similar names', () => {
    const { log, last } = capture()
    log.info({ user: 'site-a', status: 204, passed: true, authorized: true }, 'wrong password')
    expect(last()).toMatchObject({ user: 'site-a', passed: true, msg: 'wrong password' })
  })

  it.each([
    ['as given', 'hunter2/x?', 'GET https://relay/task/hunter2/x?'],
    ['encoded for a URL', 'hunter2/x?', 'GET https://relay/task/hunter2%2Fx%3F'],
    ['escaped for JSON', 'hunt"er2', String.raw`body {"p":"hunt\"er2"}`],
  ])('masks a secret %s', (_, secret, text) => {
    const { log, lines } = capture({ secrets: ['', secret] })
    log.info({ note: text, list: [{ inner: text }] }, text)
    expect(lines[0]).not.toContain('er2')
    expect(lines[0]?.split('[REDACTED]')).toHaveLength(4)
  })

  it('stays valid if a secret is the name of a field, a number or a level', () => {
    const { log, last } = capture({ secrets: ['msg', 'level', '30', 'relay'] })
    log.info({ pin: 30, note: 'level 30' }, 'msg of relay')
    expect(last()).toMatchObject({
      level: 30,
      pin: '[REDACTED]',
      note: '[REDACTED] [REDACTED]',
      msg: '[REDACTED] of [REDACTED]',
      component: 'relay',
    })
  })

  it('masks the whole of a secret that starts with another one', () => {
    const { log, last } = capture({ secrets: ['abc', 'abcdef'] })
    log.info({ note: 'abcdef' }, 'x')
    expect(last()['note']).toBe('[REDACTED]')
  })

  it('masks unknown credentials in URLs and Authorization headers', () => {
    const { log, last } = capture()
    const basic = `Basic ${Buffer.from('site-a:hunter2').toString('base64')}`
    log.info(
      { broker: 'amqp://relay:hunter2@mq:5672/warren', header: `sent ${basic} to x` },
      'Basic authentication failed',
    )
    expect(last()).toMatchObject({
      broker: 'amqp://relay:[REDACTED]@mq:5672/warren',
      header: 'sent Basic [REDACTED] to x',
      msg: 'Basic authentication failed',
    })
  })

  it('includes the code and causes of an error, but not the fields that drivers add', () => {
    const { log, lines, last } = capture()
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
    const error = Object.assign(new Error('query failed', { cause }), {
      code: '23505',
      detail: 'Key (person_id)=(4711) already exists.',
      parameters: [4711],
    })
    log.error({ err: error }, 'database unavailable')
    expect(last()['err']).toMatchObject({
      type: 'Error',
      message: 'query failed',
      code: '23505',
      cause: { message: 'refused', code: 'ECONNREFUSED' },
    })
    expect(lines[0]).not.toContain('4711')
  })

  it('limits a circular chain of causes', () => {
    const { log, lines } = capture()
    const error = new Error('a')
    error.cause = error
    log.error({ err: error }, 'x')
    expect(lines).toHaveLength(1)
  })

  it('accepts big integers, and fields without a message', () => {
    const { log, last } = capture({ secrets: ['x'] })
    log.info({ count: 12n, note: 'x' })
    expect(last()).toMatchObject({ count: 12, msg: '' })
  })
})
