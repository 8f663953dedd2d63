import { reportOf } from '../fixtures/report-of.ts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Heartbeat } from '../../src/facts/heartbeat.ts'
import { LatencyHistogram } from '../../src/facts/latency-histogram.ts'
import { ExchangeSample } from '../../src/facts/exchange-sample.ts'
import { phase, PollSample } from '../../src/facts/poll-sample.ts'
import { Alternation, PollRate } from '../../src/facts/poll-timing.ts'
import { Series } from '../../src/facts/series.ts'
import { TaskLedger } from '../../src/facts/task-ledger.ts'
import { Interner } from '../../src/read/interner.ts'

const START = Date.UTC(2025, 8, 26)
const QUARTER = 900_000

describe('latency histograms', () => {
  it('give percentiles exact to a few per cent, for any values', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.05, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0.5, 0.9, 0.95, 0.99),
        (values, q) => {
          const histogram = new LatencyHistogram()
          for (const value of values) histogram.add(value)
          const sorted = values.toSorted((a, b) => a - b)
          const exact = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0
          expect(Math.abs(histogram.quantile(q) - exact) / exact).toBeLessThan(0.045)
        },
      ),
    )
  })

  it('give the same result at once or merged from parts', () => {
    const [all, one, two] = [new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram()]
    for (let n = 1; n <= 100; n++) {
      all.add(n)
      ;(n % 3 === 0 ? one : two).add(n)
    }
    one.merge(two)
    expect([one.count, one.max, one.quantile(0.5)]).toEqual([all.count, all.max, all.quantile(0.5)])
  })
})

describe('series of counts', () => {
  it('keep every count, in any order and for any length of log', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 40 * 86_400_000 }), fc.boolean()), {
          minLength: 1,
          maxLength: 60,
        }),
        (events) => {
          const [forward, backward] = [new Series(), new Series()]
          for (const [time, good] of events) forward.add(START + time, good, good ? 204 : 401, 5)
          for (const [time, good] of events.toReversed())
            backward.add(START + time, good, good ? 204 : 401, 5)
          const sum = (row: Uint32Array): number => row.reduce((a, b) => a + b, 0)
          expect(sum(forward.ok) + sum(forward.failed)).toBe(events.length)
          expect([forward.bucketMs, forward.from, forward.length]).toEqual([
            backward.bucketMs,
            backward.from,
            backward.length,
          ])
          expect([...forward.ok]).toEqual([...backward.ok])
        },
      ),
    )
  })

  it('use at most 240 buckets, and keep each value in its bucket', () => {
    const series = new Series()
    for (let n = 0; n < 5_000; n++)
      series.add(START + n * 10_000, n !== 4_000, n === 4_000 ? 502 : 204, 100)
    expect(series.length).toBeLessThanOrEqual(240)
    const slot = Math.floor((START + 4_000 * 10_000 - series.from) / series.bucketMs)
    expect(series.failed[slot]).toBe(1)
    expect(series.quantile(slot, 0.5)).toBeGreaterThan(80)
    expect(series.quantile(slot, 0.5)).toBeLessThan(125)
  })
})

describe('gaps', () => {
  it('keep the longest of many, and the median interval', () => {
    const keeper = new Heartbeat()
    let time = START
    for (let n = 0; n < 10_000; n++) {
      time += n === 7_777 ? 300_000 : 10_000 + (n % 7)
      keeper.beat(time)
    }
    expect(keeper.gapsLongerThan(60_000).map(({ from, to }) => to - from)).toEqual([300_000])
    expect(keeper.medianInterval).toBeGreaterThan(9_700)
    expect(keeper.medianInterval).toBeLessThan(10_300)
  })

  it('do not count a line out of order as a gap', () => {
    const keeper = new Heartbeat()
    for (const second of [0, 10, 20, 15, 30]) keeper.beat(START + second * 1_000)
    expect(keeper.gapsLongerThan(11_000)).toEqual([])
  })
})

describe('samples of polls', () => {
  it('keep the same polls in two sources in different time zones', () => {
    const [here, there] = [new PollSample(), new PollSample()]
    const zone = 4 * QUARTER
    for (let n = 0; n < 60_000; n++) {
      here.add(START + n * 10_130, 130, 204, n + 1)
      there.add(START + n * 10_130 + zone, 130, 204, n + 1)
    }
    expect(here.length).toBeLessThanOrEqual(1_024)
    expect(here.length).toBeGreaterThan(100)
    const ids = (sample: PollSample): number[] =>
      Array.from({ length: sample.length }, (_, at) => sample.id(at))
    expect(ids(here)).toEqual(ids(there))
  })

  it('stay bounded when all times fall into the same part of a quarter of an hour', () => {
    const sample = new PollSample()
    const exchangeSample = new ExchangeSample()
    for (let n = 0; n < 5_000; n++) {
      sample.add(START + n * QUARTER + 500, 1, 204, 0)
      exchangeSample.add({
        time: START + n * QUARTER + 500,
        durationMs: 1,
        status: 204,
        client: '',
        requestId: '',
        lines: [],
      })
    }
    expect(sample.length).toBeGreaterThan(100)
    expect(sample.length).toBeLessThanOrEqual(1_024)
    expect(exchangeSample.exchanges.length).toBeGreaterThan(30)
    expect(exchangeSample.exchanges.length).toBeLessThanOrEqual(256)
  })

  it('handle times before 1970', () => {
    expect(phase(-1)).toBe(QUARTER - 1)
  })
})

describe('polling intervals', () => {
  it('show two pollers with one user, but not one poller with irregular intervals', () => {
    const two = new Alternation()
    for (let n = 0; n < 100; n++) two.poll(START + Math.floor(n / 2) * 10_100 + (n % 2) * 3_200)
    expect(two.periods).toMatchObject([{ from: START, to: START + 498_100, count: 97 }])
    const one = new Alternation()
    for (let n = 0; n < 100; n++) one.poll(START + n * 10_130 + ((n * 7) % 5) * 100)
    expect(one.periods).toEqual([])
  })

  it('show a single poller if every other poll finds work and the next one follows at once', () => {
    const rhythm = new Alternation()
    for (let n = 0; n < 100; n++) {
      rhythm.poll(START + n * 15_000)
      rhythm.interrupt()
      rhythm.poll(START + n * 15_000 + 4_000)
    }
    expect(rhythm.periods).toEqual([])
  })

  it('show the periods with two pollers', () => {
    const rhythm = new Alternation()
    for (let n = 0; n < 300; n++) {
      rhythm.poll(START + n * 10_000)
      if (n >= 100 && n < 200) rhythm.poll(START + n * 10_000 + 3_000)
    }
    expect(rhythm.periods).toHaveLength(1)
    expect(rhythm.periods[0]).toMatchObject({ from: START + 1_000_000, to: START + 2_000_000 })
  })

  it('show the periods with too many polls', () => {
    const rate = new PollRate(60)
    for (let n = 0; n < 60; n++) rate.poll(START + n * 10_000)
    for (let n = 0; n < 1_200; n++) rate.poll(START + 600_000 + n * 250)
    for (let n = 0; n < 30; n++) rate.poll(START + 900_000 + n * 10_000)
    expect(rate.highest).toBe(240)
    expect(rate.periods).toMatchObject([{ from: START + 600_000, to: START + 899_750, count: 5 }])
  })
})

describe('the polling interval of a client', () => {
  it('is that of its empty polls: tasks, results and failures do not change it', async () => {
    const line = (ms: number, fields: object): string =>
      `${JSON.stringify({ level: 30, time: START + ms, component: 'relay', user: 'site-a', node: 'c1', msg: 'request completed', durationMs: 2, ...fields })}\n`
    const poll = (ms: number, status: number): string =>
      line(ms, { method: 'GET', path: '/link_connector_api/task/nextjob/c1', status })
    const busy = Array.from({ length: 40 }, (_, n) => {
      const at = n * 20_000
      const task = [
        poll(at + 12_000, 200),
        line(at + 12_050, {
          method: 'POST',
          path: '/link_connector_api/task/result/t1/c1',
          status: 200,
        }),
        poll(at + 12_080, 200),
        poll(at + 12_110, 200),
        poll(at + 12_140, 200),
      ]
      return [poll(at, 204), poll(at + 5_000, 204), poll(at + 10_000, 204), ...task].join('')
    })
    const report = await reportOf({ 'relay.log': busy.join('') })
    const [view] = report.links.find(({ kind }) => kind === 'poll')?.views ?? []
    expect(view?.pollIntervalMs).toBeGreaterThan(4_800)
    expect(view?.pollIntervalMs).toBeLessThan(5_200)
  })
})

describe('memory that does not grow with the log', () => {
  it('keeps a limited number of names, and always the same number for the same name', () => {
    const names = new Interner(50)
    const id = (text: string): number => names.id(Buffer.from(text), 0, text.length)
    for (let n = 0; n < 50; n++) expect(id(`name ${n}`)).toBe(n)
    expect(id('one more')).toBe(-1)
    for (let n = 0; n < 50; n++) expect(id(`name ${n}`)).toBe(n)
    expect(names.text(7)).toBe('name 7')
  })

  it('counts all tasks and keeps the lines of some', () => {
    const ledger = new TaskLedger()
    const line = {
      buf: Buffer.from('x'),
      start: 0,
      end: 1,
      line: 1,
      time: START,
      sourceId: 0,
      file: 'f',
    }
    for (let n = 0; n < 3_000; n++) {
      ledger.step(`task ${n}`, 'received', line)
      ledger.step(`task ${n}`, 'submitted', line)
    }
    expect([ledger.count('received'), ledger.count('submitted')]).toEqual([3_000, 3_000])
    expect(ledger.records.length).toBeLessThanOrEqual(400)
    expect(ledger.records[0]?.id).toBe('task 0')
  })
})
