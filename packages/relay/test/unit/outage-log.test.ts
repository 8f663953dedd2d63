import { createLogger } from '@warren/runtime'
import { describe, expect, it } from 'vitest'

import { OutageLog } from '../../src/store/outage-log.ts'
import type { StoreFailure } from '../../src/store/store-error.ts'

function setUp() {
  const clock = { now: 0 }
  const records: { msg: string; [field: string]: unknown }[] = []
  const write = (line: string): void => void records.push(JSON.parse(line))
  const log = createLogger({
    component: 'x',
    level: 'info',
    format: 'json',
    destination: { write },
  })
  const outages = new OutageLog(log, () => clock.now)
  return { clock, outages, messages: () => records.map(({ msg }) => msg), records }
}

function failure(code: string, more: Partial<StoreFailure> = {}): StoreFailure {
  return {
    code,
    text: 'text',
    unavailable: true,
    transient: false,
    affects: 'everything',
    waitingIsUseless: false,
    cause: new Error('text'),
    ...more,
  }
}

const READ_ONLY = { affects: 'writes', hint: 'Make it writable.' } as const

describe('the log of outages', () => {
  it('has one pair of lines while failures and successes alternate', () => {
    const { clock, outages, messages, records } = setUp()
    for (; clock.now < 10_000; clock.now += 100) {
      outages.fail(failure('53300'))
      outages.succeed('read')
    }
    expect(messages()).toEqual(['database unavailable'])
    clock.now += 5_000
    outages.succeed('read')
    outages.succeed('read')
    expect(messages()).toEqual(['database unavailable', 'database recovered'])
    expect(records[0]).toMatchObject({ code: '53300', detail: 'text' })
    expect(records[1]).toMatchObject({ durationMs: 15_000 })
  })

  it('has a second line if the database turns out to be read-only, as after a failover', () => {
    const { outages, records } = setUp()
    outages.fail(failure('ECONNRESET'))
    for (let repeated = 0; repeated < 3; repeated++) {
      outages.fail(failure('25006', READ_ONLY))
      outages.fail(failure('ECONNREFUSED'))
    }
    expect(records.map(({ code }) => code)).toEqual(['ECONNRESET', '25006'])
  })

  it('ends an outage of writing only after something was written', () => {
    const { clock, outages, messages } = setUp()
    outages.fail(failure('53100', READ_ONLY))
    expect(outages.isReadOnly).toBe(true)
    clock.now += 60_000
    outages.succeed('read')
    expect(messages()).toEqual(['database unavailable'])
    outages.succeed('write')
    expect(messages()).toEqual(['database unavailable', 'database recovered'])
    expect(outages.isReadOnly).toBe(false)
  })

  it('ends an outage of some tables only after all tables were checked', () => {
    const { clock, outages, messages } = setUp()
    outages.fail(failure('42501', { affects: 'tables' }))
    expect(outages.isOfTables).toBe(true)
    clock.now += 60_000
    outages.succeed('read')
    outages.succeed('write')
    expect(messages()).toEqual(['database unavailable'])
    outages.succeed('tables')
    expect(messages()).toEqual(['database unavailable', 'database recovered'])
    expect(outages.isOfTables).toBe(false)
  })
})
