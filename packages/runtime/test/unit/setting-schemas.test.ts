import { describe, expect, it } from 'vitest'

import {
  booleanSetting,
  choiceSetting,
  durationSetting,
  formatDuration,
  integerSetting,
  listSetting,
  logLevelSetting,
  numberSetting,
  textSetting,
  urlSetting,
} from '../../src/index.ts'

describe('booleanSetting', () => {
  it.each(['true', 'T', 'yes', 'y', 'ON', '1', ' true '])('reads %s as true', (text) => {
    expect(booleanSetting().parse(text)).toBe(true)
  })
  it.each(['false', 'F', 'no', 'n', 'off', '0'])('reads %s as false', (text) => {
    expect(booleanSetting().parse(text)).toBe(false)
  })
  it.each(['ja', '2', 'truee'])('rejects %s', (text) => {
    expect(booleanSetting().safeParse(text).success).toBe(false)
  })
})

describe('integerSetting', () => {
  it.each([
    ['0', 0],
    ['-5', -5],
    ['+7', 7],
    ['007', 7],
  ])('reads %s', (text, value) => {
    expect(integerSetting().parse(text)).toBe(value)
  })
  it.each(['', 'abc', '5.5', '1e3', '0x10', '1_000', '9007199254740993'])('rejects %s', (text) => {
    expect(integerSetting().safeParse(text).success).toBe(false)
  })
  it('includes its limits', () => {
    const port = integerSetting(1, 3)
    expect(['0', '1', '3', '4'].map((text) => port.safeParse(text).success)).toEqual([
      false,
      true,
      true,
      false,
    ])
  })
})

describe('numberSetting', () => {
  it('reads decimals within its limits', () => {
    expect(numberSetting(0).parse('24.5')).toBe(24.5)
    expect(numberSetting().parse('.5')).toBe(0.5)
  })
  it.each(['-1', 'NaN', 'Infinity', '1,5'])('rejects %s', (text) => {
    expect(numberSetting(0).safeParse(text).success).toBe(false)
  })
})

describe('durationSetting', () => {
  it.each([
    ['5', 5_000],
    ['500ms', 500],
    ['5s', 5_000],
    ['2 m', 120_000],
    ['1.5H', 5_400_000],
    ['1d', 86_400_000],
  ])('reads %s as milliseconds', (text, value) => {
    expect(durationSetting({ unit: 's' }).parse(text)).toBe(value)
  })
  it.each(['', 's', '-5', '5 weeks', '5s5'])('rejects %s', (text) => {
    expect(durationSetting({ unit: 's' }).safeParse(text).success).toBe(false)
  })
  it('reports its limits as durations', () => {
    const schema = durationSetting({ unit: 's', minMs: 1_000, maxMs: 3_600_000 })
    expect(schema.safeParse('0').error?.issues[0]?.message).toBe(
      'expected a duration such as 30s or a number of seconds, at least 1s and at most 1h',
    )
  })
})

describe('formatDuration', () => {
  it('uses the largest unit without a remainder', () => {
    expect([0, 250, 90_000, 300_000, 7_200_000, 172_800_000].map(formatDuration)).toEqual([
      '0s',
      '250ms',
      '90s',
      '5m',
      '2h',
      '2d',
    ])
  })
})

describe('other schemas', () => {
  it('accept a choice in any case', () => {
    expect(choiceSetting(['json', 'text']).parse('JSON')).toBe('json')
  })
  it('do not change a URL', () => {
    expect(urlSetting(['http', 'https']).parse('https://relay.example.org/api')).toBe(
      'https://relay.example.org/api',
    )
    expect(urlSetting(['https']).safeParse('relay.example.org').success).toBe(false)
  })
  it('split lists at commas', () => {
    expect(listSetting().parse('a, b ,,c')).toEqual(['a', 'b', 'c'])
  })
  it('trim texts and reject blank ones', () => {
    expect(textSetting().parse(' a ')).toBe('a')
    expect(textSetting().safeParse(' ').success).toBe(false)
  })
  it('accept the log levels of Python and Serilog', () => {
    const level = logLevelSetting()
    expect(
      ['DEBUG', 'Warning', 'CRITICAL', 'Verbose', 'info'].map((text) => level.parse(text)),
    ).toEqual(['debug', 'warn', 'fatal', 'trace', 'info'])
    expect(level.safeParse('FLOPPSY').success).toBe(false)
  })
})
