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
    ['encoded for a URL', 'hunter2/x?', 'GET https://relay/task%2Fhunter2%2Fx%3F'],
    ['escaped for JSON', 'hunt"er22', String.raw`body {"p":"hunt\"er22"}`],
    ['after an escape sequence', 'hunter2222', String.raw`body {"p":"a\nhunter2222\n"}`],
    ['at the end of a sentence', 'hunter2-2', 'the password is hunter2-2.'],
  ])('masks a secret %s', (_, secret, text) => {
    const { log, lines } = capture({ secrets: ['', secret] })
    log.info({ note: text, list: [{ inner: text }] }, text)
    expect(lines[0]).not.toMatch(/hunt|er2/)
    expect(lines[0]?.split('[REDACTED]')).toHaveLength(4)
  })

  it.each(['postgres', 'relay', 'password', 'p', 'password1', '20402040', 'information'])(
    'does not mask words that are equal to or contain the secret %s',
    (secret) => {
      const given = capture({ secrets: [secret] })
      const plain = capture()
      for (const { log } of [given, plain]) {
        log.info({ store: 'postgresql', upstreams: ['upstream'], ms: 20402040 }, 'relay started')
        log.warn({ reason: 'wrong password', note: 'information from postgres' }, 'password1')
      }
      const { time: _, ...line } = given.last()
      expect(plain.last()).toMatchObject(line)
      expect(given.lines.join('')).not.toContain('[REDACTED]')
    },
  )

  it('does not mask a secret inside a word', () => {
    const { log, last } = capture({ secrets: ['hunter22'] })
    log.info({ note: 'hunter2222 xhunter22 hunter22_x' }, 'x')
    expect(last()['note']).toBe('hunter2222 xhunter22 hunter22_x')
  })

  it.each([
    ['postgres://relay:p@db/relay', 'postgres://relay:[REDACTED]@db/relay'],
    ['Host=db;Username=relay;Password=p;', 'Host=db;Username=relay;Password=[REDACTED];'],
    [`Host=db;Pwd="p;""q";Port=1`, 'Host=db;Pwd=[REDACTED];Port=1'],
    [`host=db password='p q' port=1`, 'host=db password=[REDACTED] port=1'],
    ['GET /x?token=p&y=1', 'GET /x?token=[REDACTED]&y=1'],
    [
      'sent {"user":"relay", "password" : "p\\"q"}',
      'sent {"user":"relay", "password" : "[REDACTED]"}',
    ],
    ['Cookie: session=p; other=q\nHost: db', 'Cookie: [REDACTED]\nHost: db'],
    ['Proxy-Authorization: Digest p', 'Proxy-Authorization: [REDACTED]'],
  ])('masks short secrets where a secret is expected: %s', (text, safe) => {
    const { log, last } = capture({ secrets: ['p'] })
    log.info({ note: text }, text)
    expect(last()).toMatchObject({ note: safe, msg: safe })
  })

  it('replaces every secret by the same text, whatever its length', () => {
    const secrets = ['x'.repeat(7) + '1', 'y'.repeat(40)]
    const { log, last } = capture({ secrets })
    log.info({ list: secrets, password: 'p', url: 'a://b:c@d' })
    expect(last()).toMatchObject({
      list: ['[REDACTED]', '[REDACTED]'],
      password: '[REDACTED]',
      url: 'a://b:[REDACTED]@d',
    })
  })

  it('keeps the names of fields and the level if one is equal to a secret', () => {
    const { log, last } = capture({ secrets: ['a field 1', 'x1234567'] })
    log.info({ 'a field 1': 30, x1234567: 'x1234567' }, 'a field 1')
    expect(last()).toMatchObject({
      level: 30,
      'a field 1': 30,
      x1234567: '[REDACTED]',
      msg: '[REDACTED]',
    })
  })

  it('masks the whole of a secret that starts with another one', () => {
    const { log, last } = capture({ secrets: ['abc-12345', 'abc-12345-def'] })
    log.info({ note: 'abc-12345-def' }, 'x')
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
    const { log, last } = capture({ secrets: ['hunter22'] })
    log.info({ count: 12n, note: 'hunter22' })
    expect(last()).toMatchObject({ count: 12, msg: '' })
  })
})
