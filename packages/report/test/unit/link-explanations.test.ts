import { describe, expect, it } from 'vitest'
import { scenarios } from '../../corpus/scenarios.ts'
import { faultNames } from '../../corpus/scenarios/single-faults.ts'
import type { Link, LinkView } from '../../src/document/report-document.ts'
import { logsOf } from '../fixtures/scenario-report.ts'
import { reportOf } from '../fixtures/report-of.ts'

const SIDES: Readonly<Record<string, LinkView['side']>> = {
  Client: 'client',
  Relay: 'relay',
  'Load balancer': 'load-balancer',
  Broker: 'broker',
  Database: 'database',
  Upstream: 'upstream',
}

/** One scenario per fault, every third one: enough for every kind of link and side. */
const ALL = scenarios()
const SAMPLE = faultNames().flatMap((fault, index) => {
  const own = ALL.filter(
    ({ plan, logs }) =>
      plan.faults.length === 1 && plan.faults[0]?.name === fault && logs.length > 2,
  )
  return index % 3 === 0 || fault.startsWith('proxy') ? own.slice(0, 1) : []
})

function labelOf(side: LinkView['side']): string {
  return Object.keys(SIDES).find((name) => SIDES[name] === side) ?? ''
}

const FIGURES =
  /^(?:([A-Z][a-z ]+) log: )?(?:([\d,]+) of )?([\d,]+) [a-z]+,? (all successful|none successful|successful|failed)\b/

/** Success figures of an explanation that name no log, or contradict the figures of the log that they name. */
function wrongFigures({ explanation, views }: Link): string[] {
  return explanation.split(/(?<=\.) (?=[A-Z\d])/).filter((sentence) => {
    const [figures, label = '', some = '', all = '', outcome = ''] = FIGURES.exec(sentence) ?? []
    if (figures === undefined) return /\ball\b.*\b(?:well|successful)\b/i.test(sentence)
    const view = views.find(({ side }) => side === SIDES[label])
    if (view === undefined) return true
    const count = (text: string): number => Number(text.replaceAll(',', ''))
    const succeeded =
      some === '' ? (/^(?:all |)successful/.test(outcome) ? view.exchanges : 0) : count(some)
    return succeeded !== view.succeeded || count(all) !== view.exchanges
  })
}

describe('the explanation of a link', () => {
  it('names the log of every figure, and contradicts no other log', async () => {
    let disagreeing = 0
    for (const scenario of SAMPLE) {
      for (const link of (await reportOf(logsOf(scenario))).links) {
        expect(wrongFigures(link), `${scenario.name}: ${link.explanation}`).toEqual([])
        const failed = link.views.filter(({ succeeded, exchanges }) => succeeded < exchanges)
        const agreeing = /Same counts in the (.*?)\./.exec(link.explanation)?.[1] ?? ''
        const [main] = link.views.filter(({ side }) => link.explanation.startsWith(labelOf(side)))
        for (const { side, succeeded, exchanges } of failed) {
          const label = labelOf(side)
          expect(link.explanation, scenario.name).toMatch(new RegExp(`${label} log`, 'i'))
          if (agreeing.includes(`${label.toLowerCase()} log`))
            expect(main).toMatchObject({ succeeded, exchanges })
        }
        if (failed.length > 0 && failed.length < link.views.length) disagreeing += 1
      }
    }
    expect(disagreeing).toBeGreaterThan(5)
  }, 60_000)
})
