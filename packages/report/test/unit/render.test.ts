import { styles } from '@warren/runtime'
import { describe, expect, it } from 'vitest'

import type { Component, ReportDocument } from '../../src/document/report-document.ts'
import { formatDuration } from '../../src/vocabulary/figures.ts'
import { renderHtml } from '../../src/render/html/render-html.ts'
import { renderJson } from '../../src/render/json.ts'
import { renderMarkdown } from '../../src/render/markdown.ts'
import { renderText } from '../../src/render/text.ts'
import { wrapped } from '../../src/render/text-lines.ts'
import { formatSinceStart, formatTimeRange, TimeFormat } from '../../src/render/time-format.ts'
import {
  componentSummary,
  formatList,
  formatOccurrences,
  formatRate,
  mostAffectedView,
} from '../../src/render/wording.ts'
import { exampleDocument } from '../fixtures/example-document.ts'
import { crowdedDocument } from '../fixtures/crowded-document.ts'

const plain = styles({ write: () => true, isTTY: false }, {})
const SECTIONS = [
  'Executive summary',
  'Findings',
  'System components',
  'Interaction flow',
  'One transaction, step by step',
  'Validation of system health',
  'Conclusion',
]

/** The example with `text` in every member that a log or an operator can set. */
function withHostileText(text: string): ReportDocument {
  const document = structuredClone(exampleDocument)
  document.sentence = text
  document.conclusion.supported = [text]
  for (const source of document.sources) source.file = text
  for (const component of document.components) component.name = text
  for (const link of document.links) link.name = text
  for (const check of document.checklist) check.detail = text
  for (const finding of document.findings) {
    finding.title = text
    finding.why = text
    for (const line of finding.evidence) line.text = text
  }
  return document
}

describe('every format', () => {
  it('has seven sections, the findings before the charts', () => {
    for (const page of [renderHtml(exampleDocument), renderMarkdown(exampleDocument)]) {
      const places = SECTIONS.map((title, index) => page.lastIndexOf(`${index + 1}. ${title}`))
      expect(places).toEqual(places.toSorted((a, b) => a - b))
      expect(places).not.toContain(-1)
    }
  })

  it('shows the verdict, every finding, who must act and every check', () => {
    const markdown = renderMarkdown(exampleDocument)
    const page = renderHtml(exampleDocument)
    for (const text of [markdown, page]) {
      expect(text).toContain('Unhealthy')
      for (const { id } of exampleDocument.findings) expect(text).toContain(id)
      expect(text).toContain('site-b (site)')
      expect(text).toContain('hub/relay.log:2411')
      expect(text).toContain('Results are submitted')
    }
  })

  it('renders the same document to the same bytes', () => {
    const twice = [exampleDocument, structuredClone(exampleDocument)]
    for (const render of [renderHtml, renderMarkdown, renderJson]) {
      const [first, second] = twice.map((document) => render(document))
      expect(first).toBe(second)
    }
  })
})

describe('HTML', () => {
  it('never turns a log line into markup', () => {
    const page = renderHtml(
      withHostileText(`</pre><script>alert("1")</script><img src=x onerror='1'>&amp;`),
    )
    expect(page).not.toContain('<script')
    expect(page).not.toContain('<img')
    expect(page).toContain('&lt;script&gt;alert(&quot;1&quot;)')
    expect(page).toContain('&amp;amp;')
  })

  it('makes no request', () => {
    const page = renderHtml(exampleDocument)
    expect(page).toContain(`default-src 'none'`)
    expect(page).not.toMatch(/<(?:link|script|iframe|object)\b|@import|url\((?!#)/)
    expect([...page.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, to]) => to?.[0])).not.toContain(
      'h',
    )
  })

  it('links only to targets on the page', () => {
    const page = renderHtml(exampleDocument)
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id)
    expect(targets.length).toBeGreaterThan(10)
    expect(targets.filter((id) => !ids.has(id))).toEqual([])
  })

  it('describes every picture in words', () => {
    const pictures = [...renderHtml(exampleDocument).matchAll(/<svg[^>]*>/g)].map(([tag]) => tag)
    expect(pictures.length).toBeGreaterThan(6)
    for (const tag of pictures)
      expect(tag).toMatch(
        /role="img"\s+aria-label="[^"]{10,}"|aria-hidden="true"|width="(?:22|12)"/,
      )
  })

  it('renders a document without links and sources', () => {
    const empty: ReportDocument = {
      ...exampleDocument,
      verdict: 'unknown',
      timeRange: { ...exampleDocument.timeRange, from: null, to: null, durationMs: 0 },
      sources: [],
      components: [],
      clocks: [],
      links: [],
      transactions: [],
      findings: [],
    }
    expect(renderHtml(empty)).toContain('Unknown')
    expect(renderMarkdown(empty)).toContain('time range: unknown (no event has a known time)')
    expect(renderText(empty, plain)).toContain('Unknown')
  })
})

describe('Markdown', () => {
  it('escapes cells, headings and mentions', () => {
    const markdown = renderMarkdown(withHostileText('a | b\n# c @everyone <img> `x` *y* _z_'))
    const heading = markdown.split('\n').filter((line) => line.startsWith('# '))
    expect(heading).toHaveLength(1)
    expect(markdown).toContain(String.raw`a \| b \# c &#64;everyone &lt;img&gt; \`x\` \*y\* \_z\_`)
    const tables = markdown.split('\n\n').filter((block) => block.startsWith('| '))
    expect(tables).toHaveLength(4)
    for (const table of tables) {
      const widths = table
        .split('\n')
        .map((line) => line.replaceAll(String.raw`\|`, '').split('|').length)
      expect(new Set(widths).size, table).toBe(1)
    }
  })

  it('uses a fence longer than any run of backticks in the quoted lines', () => {
    const markdown = renderMarkdown(withHostileText('``` end ````'))
    expect(markdown).toContain('\n`````\n')
  })
})

describe('the report on 300 clients that all fail', () => {
  const crowd = crowdedDocument(300)

  it('fits into one GitHub comment and states how much is left out', () => {
    const markdown = renderMarkdown(crowd)
    expect(markdown.length).toBeLessThan(65_536)
    expect(markdown).toContain('hospital-number-3 and 297 more (site)')
    expect(markdown).toMatch(/^- and \d+ more$/m)
  })

  it('stays a small page, with charts of the worst links only', () => {
    const page = renderHtml(crowd)
    expect(page.length).toBeLessThan(3_000_000)
    expect(page.match(/class="plot"/g)?.length).toBeLessThan(200)
    expect(page).toContain('links, none in a worse state')
    expect(page).toContain('296 more clients')
  })

  it('fits the screen, with the verdict at the top', () => {
    for (const rows of [16, 24, 50]) {
      const lines = renderText(crowd, plain, { columns: 80, rows }).trimEnd().split('\n')
      expect(lines.length).toBeLessThan(rows)
      expect(lines[0]).toMatch(/^✗ Unhealthy: /)
    }
  })
})

describe('text', () => {
  it('fits the verdict, the links and the checklist on one screen, without colours in a pipe', () => {
    const screen = renderText(exampleDocument, plain)
    expect(screen).not.toContain('\u001b')
    expect(screen).toContain('✗ Unhealthy')
    expect(screen).not.toContain('1 sources')
    expect(screen).toMatch(/site-b → relay +failing +176 +38\.6%/)
    expect(screen.split('\n').length).toBeLessThan(45)
  })
})

describe('terminal lines', () => {
  it('fit the width and keep a number and its unit together', () => {
    for (const columns of [80, 120]) {
      const lines = renderText(exampleDocument, plain, { columns }).split('\n')
      expect(lines.filter((line) => line.length > columns)).toEqual([])
    }
    expect(wrapped('the database was slow for 4 min 50 s in total', 30, '  ')).toEqual([
      '  the database was slow for',
      '  4 min 50 s in total',
    ])
  })
})

describe('wording', () => {
  it('lists a few names and counts the rest', () => {
    expect(
      [['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c', 'd']].map((all) => formatList(all, 3)),
    ).toEqual(['a', 'a and b', 'a, b and c', 'a, b, c and 1 more'])
  })

  it('labels a chart with round times, and midnight with the date', () => {
    const start = Date.UTC(2025, 8, 26, 6, 29, 58)
    const timeRange = (hours: number) => ({
      ...exampleDocument.timeRange,
      from: new Date(start).toISOString(),
      to: new Date(start + hours * 3_600_000).toISOString(),
    })
    const ticks = (hours: number) =>
      new TimeFormat({ timeRange: timeRange(hours) })
        .ticks(start, hours * 3_600_000)
        .map(({ text }) => text)
    expect(ticks(0.5)).toEqual(['06:30', '06:35', '06:40', '06:45', '06:50', '06:55'])
    expect(ticks(0.005)).toEqual(['06:30:00', '06:30:05', '06:30:10', '06:30:15'])
    expect(ticks(48)).toEqual(['12:00', '27 Sep', '12:00', '28 Sep'])
  })

  it('shows the view of the side with the lowest success rate', () => {
    const [link] = exampleDocument.links
    const [view] = link?.views ?? []
    if (link === undefined || view === undefined) throw new Error('the example has links')
    const relay = { ...view, side: 'relay', successRate: 1 } as const
    const client = { ...view, side: 'client', successRate: 0.8 } as const
    expect(mostAffectedView({ views: [relay, client] })?.side).toBe('client')
    expect(mostAffectedView({ views: [{ ...client, successRate: 1 }, relay] })?.side).toBe('relay')
    expect(mostAffectedView({ views: [] })).toBeUndefined()
  })

  it('shows a negative offset if clock skew puts a step before the first one', () => {
    expect([0, 47, -215, -61_000].map((ms) => formatSinceStart(ms))).toEqual([
      '+0 ms',
      '+47 ms',
      '−215 ms',
      '−1 min 1 s',
    ])
  })

  it('shows the two largest units of a duration', () => {
    expect(
      [0.5, 132.4, 1500, 59_999, 184_000, 3_600_000, 93_600_000].map((ms) => formatDuration(ms)),
    ).toEqual(['0.5 ms', '132 ms', '1.5 s', '60 s', '3 min 4 s', '1 h', '1 d 2 h'])
  })

  it('never rounds a failure or a success away', () => {
    expect([1, 0.99996, 0.999, 0.5, 0.0001, 0, null].map((rate) => formatRate(rate))).toEqual([
      '100%',
      '99.9%',
      '99.9%',
      '50%',
      '0.1%',
      '0%',
      '–',
    ])
  })

  it('writes a time range, and a single instant without a range', () => {
    const time = new TimeFormat(exampleDocument)
    const [finding] = exampleDocument.findings
    if (finding === undefined) throw new Error('the example has findings')
    expect(formatTimeRange(exampleDocument)).toBe(
      '26 Sep 2025, from 06:30:00 to 07:00:00 UTC (30 min)',
    )
    const { from } = exampleDocument.timeRange
    const instant = { ...exampleDocument.timeRange, to: from, durationMs: 0 }
    expect(formatTimeRange({ timeRange: instant })).toBe('26 Sep 2025, at 06:30:00 UTC')
    expect(formatOccurrences(finding, time)).toBe(
      '108 times, from 06:42:07 to 06:59:52 (17 min 45 s), ongoing',
    )
    const { first } = finding
    const recovered = { ...finding, status: 'recovered', recoveredAt: first, last: first } as const
    expect([0, 1, 2, 3].map((count) => formatOccurrences({ ...recovered, count }, time))).toEqual([
      'at 06:42:07, then recovered',
      'at 06:42:07, then recovered',
      'twice, at 06:42:07, then recovered',
      '3 times, at 06:42:07, then recovered',
    ])
  })

  it('counts components with their own log', () => {
    const [one] = exampleDocument.components
    if (one === undefined) throw new Error('the example has components')
    const seen = (...logs: Component['seenIn'][]): string =>
      componentSummary(logs.map((seenIn) => ({ ...one, seenIn })))
    expect(seen('other-logs')).toBe('1 client. Components with their own log: 0 of 1.')
    expect(seen('own-log')).toBe('1 client. Components with their own log: 1 of 1.')
    expect(seen('own-log', 'own-log', 'other-logs')).toBe(
      '3 clients. Components with their own log: 2 of 3.',
    )
  })
})
