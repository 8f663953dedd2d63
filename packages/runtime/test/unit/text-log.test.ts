import { describe, expect, it } from 'vitest'

import {
  bunnyText,
  createLogger,
  relayText,
  type LogLevel,
  type LogRecord,
  type TextCatalogue,
  type TextStyle,
} from '../../src/index.ts'

const at = new Date(2025, 8, 26, 7, 5, 9).getTime()
const record = (fields: Partial<LogRecord>): LogRecord => ({
  level: 30,
  time: at,
  component: 'bunny',
  msg: 'x',
  ...fields,
})

const catalogue: TextCatalogue = {
  'task received': () => [{ level: 'info', message: 'Task received. Resolving...' }],
  'poll answered': ({ status }) => [
    { level: 'debug', message: `Response Status: ${String(status)}` },
    ...(status === 204
      ? [{ level: 'debug', message: 'No task found. Looking for task...' } as const]
      : []),
  ],
  'request completed': ({ path }) => [
    { level: 'info', message: `HTTP GET ${String(path)} responded 204 in 1.5 ms`, source: 'Web' },
  ],
  statement: () => [{ level: 'info', message: 'Executing SQL query:', continuation: ['SELECT 1'] }],
  silent: () => [],
}

describe('text format of the Python bunny', () => {
  const style = bunnyText(catalogue)

  it('is level, local time and message', () => {
    expect(style(record({ msg: 'task received' }), 'info')).toEqual([
      'INFO - 26-Sep-25 07:05:09 - Task received. Resolving...',
    ])
  })

  it('writes several lines for one event', () => {
    expect(style(record({ level: 20, msg: 'poll answered', status: 204 }), 'debug')).toEqual([
      'DEBUG - 26-Sep-25 07:05:09 - Response Status: 204',
      'DEBUG - 26-Sep-25 07:05:09 - No task found. Looking for task...',
    ])
  })

  it.each([
    [10, 'DEBUG'],
    [20, 'DEBUG'],
    [30, 'INFO'],
    [40, 'WARNING'],
    [50, 'ERROR'],
    [60, 'CRITICAL'],
  ])('names level %i %s', (level, name) => {
    expect(style(record({ level }), 'trace')).toEqual([`${name} - 26-Sep-25 07:05:09 - x`])
  })

  it('writes an event without an entry with its fields', () => {
    const fields = { msg: 'result submitted', taskId: 't-1', note: 'a "b"', ok: true, list: [1] }
    expect(style(record({ ...fields, hostname: 'pod-1' }), 'info')).toEqual([
      String.raw`INFO - 26-Sep-25 07:05:09 - result submitted taskId=t-1 note="a \"b\"" ok=true list=[1]`,
    ])
  })

  it('writes a stack on separate lines', () => {
    const err = { type: 'Error', message: 'no way', stack: 'Error: no way\n    at here' }
    expect(style(record({ level: 50, msg: 'bad', err }), 'info')).toEqual([
      'ERROR - 26-Sep-25 07:05:09 - bad error="no way"',
      'Error: no way',
      '    at here',
    ])
  })

  it('omits an event that has an empty list in the catalogue', () => {
    expect(style(record({ level: 60, msg: 'silent' }), 'trace')).toEqual([])
  })

  it('appends continuation lines without a prefix', () => {
    expect(style(record({ msg: 'statement' }), 'info')[1]).toBe('SELECT 1')
  })

  it('prevents text from outside from starting a line', () => {
    const forged = 'site-a\n[07:00:00 INF] Credentials validated\u001b[31m'
    expect(style(record({ msg: forged }), 'info')).toEqual([
      String.raw`INFO - 26-Sep-25 07:05:09 - site-a\n[07:00:00 INF] Credentials validated\u001b[31m`,
    ])
  })

  it('does not confuse an event with a member of every object', () => {
    expect(style(record({ msg: 'constructor' }), 'info')).toEqual([
      'INFO - 26-Sep-25 07:05:09 - constructor',
    ])
  })
})

describe('text format of the .NET relay', () => {
  const style = relayText(catalogue)

  it('is local time without a date, level, message and source', () => {
    expect(style(record({ msg: 'request completed', path: '/healthz' }), 'info')).toEqual([
      '[07:05:09 INF] HTTP GET /healthz responded 204 in 1.5 ms <s:Web>',
    ])
  })

  it.each([
    [10, 'VRB'],
    [20, 'DBG'],
    [30, 'INF'],
    [40, 'WRN'],
    [50, 'ERR'],
    [60, 'FTL'],
  ])('names level %i %s, with the component as the default source', (level, name) => {
    expect(style(record({ level, component: 'relay' }), 'trace')).toEqual([
      `[07:05:09 ${name}] x <s:relay>`,
    ])
  })
})

function capture(level: LogLevel, text: TextStyle, secrets: string[] = []) {
  const lines: string[] = []
  const destination = { write: (line: string) => lines.push(line) }
  const log = createLogger({
    component: 'relay',
    level,
    format: 'text',
    destination,
    text,
    secrets,
  })
  return { log, lines }
}

describe('text log', () => {
  it('applies the level to the lines, not to the events', () => {
    const { log, lines } = capture('info', relayText(catalogue))
    log.debug({ path: '/x' }, 'request completed')
    log.debug({ status: 204 }, 'poll answered')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(
      /^\[\d\d:\d\d:\d\d INF\] HTTP GET \/x responded 204 in 1.5 ms <s:Web>\n$/,
    )
  })

  it('masks secrets and fields named like secrets', () => {
    const { log, lines } = capture('info', bunnyText({}), ['hunter22'])
    log.info({ url: 'https://x/hunter22', password: 'p4ss' }, 'says hunter22')
    expect(lines[0]).toContain('says [REDACTED] url=https://x/[REDACTED] password=[REDACTED]')
  })
})
