import { describe, expect, it, vi } from 'vitest'

import { createLogger, DurationHistogram, LinkSummary, type LogRecord } from '../../src/index.ts'

function capture() {
  const logged: LogRecord[] = []
  const write = (line: string) => logged.push(JSON.parse(line))
  const log = createLogger({
    component: 'relay',
    level: 'info',
    format: 'json',
    destination: { write },
  })
  return { logged, log }
}

describe('LinkSummary', () => {
  it('logs the number of polls by outcome, and their durations', () => {
    const { log, logged } = capture()
    let now = 1_000
    using summary = new LinkSummary({ log, link: 'node site-a', now: () => now })
    for (let poll = 0; poll < 99; poll++) summary.record('204', 10)
    summary.record('error', 3_000)
    now = 61_000
    summary.flush()
    expect(logged).toHaveLength(1)
    expect(logged[0]).toMatchObject({
      msg: 'link summary',
      level: 30,
      link: 'node site-a',
      polls: { 204: 99, error: 1 },
      p50Ms: expect.closeTo(10, 0),
      p95Ms: expect.closeTo(10, 0),
      maxMs: 3_000,
      periodMs: 60_000,
    })
  })

  it('starts each period empty, and logs a period without polls', () => {
    const { log, logged } = capture()
    using summary = new LinkSummary({ log, link: 'upstream a', now: () => 0 })
    summary.record('200', 5)
    summary.flush()
    summary.flush()
    expect(logged[1]).toMatchObject({ link: 'upstream a', polls: {}, periodMs: 0 })
    expect(logged[1]).not.toHaveProperty('p50Ms')
  })

  it('logs every period, and stops when disposed', () => {
    vi.useFakeTimers()
    try {
      const { log, logged } = capture()
      const summary = new LinkSummary({ log, link: 'relay', everyMs: 1_000 })
      summary.record('204', 1)
      vi.advanceTimersByTime(2_000)
      expect(logged).toHaveLength(2)
      summary.record('204', 1)
      summary[Symbol.dispose]()
      vi.advanceTimersByTime(5_000)
      expect(logged).toHaveLength(3)
    } finally {
      vi.useRealTimers()
    }
  })

  it('limits the number of different outcomes', () => {
    const { log, logged } = capture()
    using summary = new LinkSummary({ log, link: 'relay' })
    for (let status = 0; status < 1_000; status++) summary.record(`s${status}`, 1)
    summary.flush()
    expect(Object.keys(Object(logged[0]?.['polls']))).toHaveLength(21)
    expect(logged[0]).toMatchObject({ polls: { s0: 1, other: 980 } })
  })
})

describe('DurationHistogram', () => {
  it('gives percentiles to within 5%', () => {
    const histogram = new DurationHistogram()
    for (let ms = 1; ms <= 10_000; ms++) histogram.record(ms)
    for (const quantile of [0.01, 0.5, 0.95, 0.99]) {
      const exact = quantile * 10_000
      expect(Math.abs(histogram.percentile(quantile) / exact - 1)).toBeLessThan(0.051)
    }
    expect(histogram.max).toBe(10_000)
  })

  it('never gives a percentile above the maximum', () => {
    const histogram = new DurationHistogram()
    histogram.record(101)
    expect(histogram.percentile(0.95)).toBe(101)
  })

  it('accepts any number, and gives 0 without durations', () => {
    const histogram = new DurationHistogram()
    expect(histogram.percentile(0.5)).toBe(0)
    for (const ms of [0, -1, Number.NaN, 1e12]) histogram.record(ms)
    expect(histogram.count).toBe(4)
    expect(histogram.percentile(0.5)).toBe(0.1)
    expect(histogram.max).toBe(1e12)
  })
})
