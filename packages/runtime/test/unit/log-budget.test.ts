import { describe, expect, it } from 'vitest'

import { createLogger, LogBudget } from '../../src/index.ts'

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
  const budget = new LogBudget({ log, now: () => clock.now })
  const ask = (times: number, party: (n: number) => string, about: (n: number) => string) =>
    Array.from({ length: times }, (_, n) =>
      budget.allows({ party: party(n), about: about(n), kind: 'unknown user' }),
    ).filter(Boolean).length
  return { clock, records, budget, ask }
}

describe('the log lines that clients can cause at will', () => {
  it.each([
    ['of one client with one name', 15, () => '192.0.2.1', () => 'site-a'],
    ['of one client with ever new names', 60, () => '192.0.2.1', (n: number) => `name ${n}`],
    ['of ever new clients', 600, (n: number) => `client ${n}`, (n: number) => `name ${n}`],
  ])('are bounded %s, and the others are counted', (_, logged, party, about) => {
    const { budget, records, clock, ask } = setUp()
    using resources = new DisposableStack()
    resources.use(budget)
    expect(ask(10_000, party, about)).toBe(logged)
    clock.now = 60_000
    budget.flush()
    expect(records).toMatchObject([
      {
        msg: 'log lines omitted',
        level: 40,
        omitted: 10_000 - logged,
        byKind: { 'unknown user': 10_000 - logged },
        periodMs: 60_000,
      },
    ])
    const from: unknown = records[0]?.['from']
    expect(Array.isArray(from) && from.length <= 10).toBe(true)
    // The next period begins from zero, and without a flood it has no line of its own.
    expect(ask(10, party, about)).toBe(10)
    budget.flush()
    expect(records).toHaveLength(1)
  })

  it('of one client do not use up those of another', () => {
    const { budget, ask } = setUp()
    using resources = new DisposableStack()
    resources.use(budget)
    ask(
      10_000,
      () => '192.0.2.1',
      (n) => `name ${n}`,
    )
    expect(
      ask(
        15,
        () => '192.0.2.2',
        () => 'site-a',
      ),
    ).toBe(15)
  })
})
