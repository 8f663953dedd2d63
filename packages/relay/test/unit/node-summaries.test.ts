import { describe, expect, it } from 'vitest'
import { NodeSummaries, type SummaryLine } from '../../src/nodes/node-summaries.ts'

const MINUTE = 60_000

/** Summaries of nodes called a, b and so on, by the minute. */
function setUp(nodes: number) {
  const names = Array.from({ length: nodes }, (_, index) => `site-${index}`)
  const summaries = new NodeSummaries(0)
  for (const name of names) summaries.add(name, name, 0)
  let now = 0
  /** A minute in which the given nodes poll twice each. */
  const minute = (polling: readonly string[], outcome = '204', durationMs = 1): SummaryLine[] => {
    for (const name of polling) {
      summaries.record(name, '204', 1)
      summaries.record(name, outcome, durationMs)
    }
    return summaries.flush((now += MINUTE))
  }
  return { names, summaries, minute }
}

const own = (lines: readonly SummaryLine[]) => lines.filter(({ msg }) => msg === 'link summary')
const all = (lines: readonly SummaryLine[]) => lines.find(({ msg }) => msg === 'nodes summary')

describe('the summaries of nodes', () => {
  it('are one line for all nodes, after each of them was seen for the first time', () => {
    const { names, minute } = setUp(3)
    const first = minute(names)
    expect(own(first)).toHaveLength(3)
    expect(own(first)[0]?.fields).toMatchObject({
      link: 'node site-0',
      state: 'polling',
      polls: { 204: 2 },
      maxMs: 1,
      periodMs: MINUTE,
    })
    const second = minute(names)
    expect(second).toHaveLength(1)
    expect(second[0]).toEqual({
      msg: 'nodes summary',
      fields: {
        nodes: 3,
        silent: 0,
        polls: { 204: 6 },
        p50Ms: 1,
        p95Ms: 1,
        maxMs: 1,
        periodMs: MINUTE,
        emptyPolls: { 'site-0': 2, 'site-1': 2, 'site-2': 2 },
      },
    })
  })

  it('list a node that never polls with 0, and count it as silent', () => {
    const { minute } = setUp(2)
    expect(all(minute(['site-1']))?.fields).toMatchObject({
      silent: 1,
      emptyPolls: { 'site-0': 0 },
    })
    expect(all(minute(['site-1']))?.fields).toMatchObject({
      silent: 1,
      emptyPolls: { 'site-0': 0, 'site-1': 2 },
    })
  })

  it.each([
    ['fails', 'error', 1],
    ['is late', '409', 1],
    ['is slow', '204', 2_000],
  ])('have a line for a node that %s, in each minute', (_, outcome, durationMs) => {
    const { minute } = setUp(2)
    minute(['site-0', 'site-1'])
    for (let n = 0; n < 2; n += 1) {
      minute(['site-1'])
      const lines = minute(['site-0'], outcome, durationMs)
      expect(own(lines)).toMatchObject([
        { fields: { link: 'node site-0', state: 'polling', maxMs: durationMs } },
      ])
      expect(all(lines)?.fields).toMatchObject({ emptyPolls: { 'site-1': 0 } })
    }
  })

  it('have a line for a node that falls silent and for one that polls again', () => {
    const { minute } = setUp(1)
    minute(['site-0'])
    expect(own(minute([]))).toEqual([])
    expect(own(minute([]))).toMatchObject([{ fields: { state: 'silent', polls: {} } }])
    expect(own(minute([]))).toEqual([])
    expect(own(minute(['site-0']))).toMatchObject([{ fields: { state: 'polling' } }])
  })

  it('do not report the usual pauses of a node that polls every five minutes', () => {
    const { minute } = setUp(1)
    for (let n = 0; n < 6; n += 1) {
      minute(['site-0'])
      const pauses = [1, 2, 3, 4].flatMap(() => own(minute([])))
      if (n > 4) expect(pauses).toEqual([])
    }
  })

  it('of a thousand nodes are one line of less than 16 KB, and name each node every few minutes', () => {
    const { names, minute } = setUp(1_000)
    minute(names)
    const counted = new Map<string, number>()
    for (let n = 0; n < 5; n += 1) {
      const lines = minute(names)
      expect(lines).toHaveLength(1)
      expect(JSON.stringify(lines).length).toBeLessThan(8_000)
      const { emptyPolls } = Object(all(lines)?.fields) as { emptyPolls: Record<string, number> }
      for (const [name, polls] of Object.entries(emptyPolls)) counted.set(name, polls)
    }
    expect(counted.size).toBe(1_000)
    expect([...counted.values()].toSorted((a, b) => a - b).at(-1)).toBe(10)
  })

  it('are bounded for nodes with long names', () => {
    const summaries = new NodeSummaries(0)
    for (let n = 0; n < 500; n += 1) summaries.add(`${n}`, `${n}-${'x'.repeat(250)}`, 0)
    for (let n = 1; n < 50; n += 1) {
      expect(JSON.stringify(summaries.flush(n * MINUTE)).length).toBeLessThan(8_000)
    }
  })

  it('do not contain a node that was removed, and are empty without nodes', () => {
    const { summaries, minute } = setUp(1)
    minute(['site-0'])
    summaries.remove('site-0')
    expect(minute(['site-0'])).toEqual([])
  })
})
