import { beforeAll, describe, expect, it } from 'vitest'
import { CAUSES } from '../../src/vocabulary/cause.ts'
import type { Cause } from '../../src/vocabulary/cause.ts'
import type { Finding, ReportDocument } from '../../src/document/report-document.ts'
import { CAUSE_SHEET } from '../../src/vocabulary/causes/sheet.ts'
import { formatList, formatTimes, sentences } from '../../src/vocabulary/figures.ts'
import { CAUSE_LOGS } from '../fixtures/cause-logs.ts'
import { reportOf } from '../fixtures/report-of.ts'
import { sentenceProblems, textProblems } from '../fixtures/text-problems.ts'

/** When something occurs, in seconds from the start of the logs, and how many polls of the client succeed. */
const OCCASIONS: readonly (readonly [name: string, at: readonly number[], answered: number])[] = [
  ['once, no poll answered', [300], 0],
  ['once, one poll answered', [300], 1],
  ['once, two polls answered', [300], 2],
  ['once', [300], 90],
  ['twice within a second', [300.1, 300.6], 90],
  ['twice, a minute apart', [300, 360], 90],
  ['thirty times', Array.from({ length: 30 }, (_, n) => 300 + n * 10.5), 90],
  ['again and again until the end', Array.from({ length: 10 }, (_, n) => 305.5 + n * 65), 90],
]

interface Seen {
  readonly how: string
  readonly wanted: Cause
  readonly answered: number
  readonly findings: readonly Finding[]
  readonly checklist: ReportDocument['checklist']
}

async function allReports(): Promise<Seen[]> {
  const seen: Seen[] = []
  for (const wanted of CAUSES) {
    for (const [variant, { fewest, write }] of CAUSE_LOGS[wanted].entries()) {
      for (const [occasion, at, answered] of OCCASIONS) {
        if (at.length < fewest) continue
        const { files, options } = write(at, answered)
        const { findings, checklist } = await reportOf(files, options)
        const how = `${wanted} ${variant + 1}, ${occasion}`
        seen.push({ how, wanted, answered, findings, checklist })
      }
    }
  }
  return seen
}

describe('the texts of the findings', () => {
  let all: readonly Seen[] = []
  beforeAll(async () => {
    all = await allReports()
  }, 300_000)

  /** Every text once, with what is wrong with it and the logs in which it occurred. */
  function problems<T>(
    itemsOf: (one: Seen) => readonly T[],
    textOf: (item: T) => string,
    problemsOf: (text: string, item: T) => readonly string[],
  ): string[] {
    const texts = new Map<string, { how: string; item: T }>()
    for (const one of all)
      for (const item of itemsOf(one))
        if (!texts.has(textOf(item))) texts.set(textOf(item), { how: one.how, item })
    return [...texts].flatMap(([text, { how, item }]) => {
      const wrong = problemsOf(text, item)
      return wrong.length === 0 ? [] : [`${how}: ${text}\n    ${wrong.join('\n    ')}`]
    })
  }
  const findingsOf = ({ findings }: Seen): readonly Finding[] => findings

  it('cover every cause', () => {
    const missing = all
      .filter(({ answered }) => answered > 2)
      .filter(({ wanted, findings }) => !findings.some(({ cause }) => cause === wanted))
      .map(({ how, findings }) => `${how}: ${findings.map(({ cause }) => cause).join(', ')}`)
    expect(missing).toEqual([])
    const found = new Set(all.flatMap(({ findings }) => findings.map(({ cause }) => cause)))
    expect(CAUSES.filter((cause) => !found.has(cause))).toEqual([])
  })

  it('explain in correct sentences, whatever the counts', () => {
    expect(problems(findingsOf, ({ why }) => why, sentenceProblems)).toEqual([])
  })

  it('name the log that they count', () => {
    expect(
      problems(
        findingsOf,
        ({ why }) => why,
        (why) =>
          /\blogs?\b|kubectl|Kubernetes objects|target health/i.test(why)
            ? []
            : ['no log is named'],
      ),
    ).toEqual([])
  })

  it('agree with the state of the finding', () => {
    expect(
      problems(
        findingsOf,
        ({ status, why }) => `${status}: ${why}`,
        (text, { status }) =>
          text.match(
            status === 'ongoing'
              ? /(?<!not )\brecovered\b|\bresumed at\b/gi
              : /\bongoing at\b|\bno recovery\b|\bnot recovered\b/gi,
          ) ?? [],
      ),
    ).toEqual([])
  })

  it('have titles of a subject and a phrase', () => {
    expect(
      problems(
        findingsOf,
        ({ title }) => title,
        (title) => [
          ...textProblems(title),
          ...(/^[^:]+: (?:[a-z0-9]|[A-Z]{3,4} )/.test(title)
            ? []
            : ['no phrase after the subject']),
          ...(/[.;,]$|; /.test(title) ? ['not a phrase'] : []),
        ],
      ),
    ).toEqual([])
  })

  it('propose actions in full sentences', () => {
    expect(
      problems(
        ({ findings }) => findings.flatMap(({ action, next }) => [action, ...next]),
        (text) => text,
        sentenceProblems,
      ),
    ).toEqual([])
  })

  it('make correct rows of the checklist', () => {
    const rows = ({ checklist }: Seen): readonly { title: string; number: string }[] => checklist
    expect(problems(rows, ({ title }) => title, textProblems)).toEqual([])
    expect(problems(rows, ({ number }) => number, textProblems)).toEqual([])
    expect(
      problems(
        ({ checklist }) => checklist,
        ({ detail }) => detail,
        sentenceProblems,
      ),
    ).toEqual([])
  })
})

describe('the sheet of causes', () => {
  it.each(Object.entries(CAUSE_SHEET))('%s is in plain English', (_, entry) => {
    expect(textProblems(entry.title)).toEqual([])
    expect(entry.title).toMatch(/^(?:[a-z0-9]|[A-Z]{3,4} )[^.;,]*$/)
    for (const text of [entry.action, ...entry.next]) expect(sentenceProblems(text)).toEqual([])
  })
})

describe('the parts of a sentence', () => {
  it('a time range of less than a second is one time', () => {
    const at = Date.UTC(2025, 8, 26, 6, 30)
    expect(formatTimes(at, at + 999)).toMatch(/^at \S+$/)
    expect(formatTimes(at + 999, at + 1_000)).toMatch(/^from \S+ to \S+$/)
    expect(formatTimes(at, at + 1_000)).toMatch(/^from \S+ to \S+$/)
  })

  it('a list of one, two and three', () => {
    expect([['a'], ['a', 'b'], ['a', 'b', 'c']].map(formatList)).toEqual([
      'a',
      'a and b',
      'a, b and c',
    ])
    expect(formatList([])).toBe('')
  })

  it('sentences have a capital and a full stop, and none is empty', () => {
    expect(sentences('one', '', 'Two.', 'three (3)')).toBe('One. Two. Three (3).')
  })
})
