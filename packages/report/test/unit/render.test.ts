import { styles } from '@warren/runtime'
import { describe, expect, it } from 'vitest'

import type { ReportDocument } from '../../src/document/report-document.ts'
import { renderHtml } from '../../src/render/html/render-html.ts'
import { renderJson } from '../../src/render/json.ts'
import { renderMarkdown } from '../../src/render/markdown.ts'
import { renderText } from '../../src/render/text.ts'
import { wrapped } from '../../src/render/text-lines.ts'
import { durationText, sinceText, TimeFormat } from '../../src/render/time-format.ts'
import { enumerated, percentText, tellingView } from '../../src/render/wording.ts'
import { exampleDocument } from '../fixtures/example-document.ts'
import { crowdedDocument } from '../fixtures/crowded-document.ts'

const plain = styles({ write: () => true, isTTY: false }, {})
const SECTIONS = [
  'Executive summary',
  'System components',
  'Interaction flow',
  'One transaction, step by step',
  'Findings',
  'Validation of system health',
  'Conclusion',
]

/** The same document with `text` wherever a log or an operator could have put it. */
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
  it('has the seven sections in the order of the specification', () => {
    for (const page of [renderHtml(exampleDocument), renderMarkdown(exampleDocument)]) {
      const places = SECTIONS.map((title, index) => page.lastIndexOf(`${index + 1}. ${title}`))
      expect(places).toEqual(places.toSorted((a, b) => a - b))
      expect(places).not.toContain(-1)
    }
  })

  it('says the verdict, every finding, who must act and every check', () => {
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

  it('gives the same bytes for the same document', () => {
    const twice = [exampleDocument, structuredClone(exampleDocument)]
    for (const render of [renderHtml, renderMarkdown, renderJson]) {
      const [first, second] = twice.map((document) => render(document))
      expect(first).toBe(second)
    }
  })
})

describe('HTML', () => {
  it('never turns a line of a log into markup', () => {
    const page = renderHtml(
      withHostileText(`</pre><script>alert("1")</script><img src=x onerror='1'>&amp;`),
    )
    expect(page).not.toContain('<script')
    expect(page).not.toContain('<img')
    expect(page).toContain('&lt;script&gt;alert(&quot;1&quot;)')
    expect(page).toContain('&amp;amp;')
  })

  it('asks for nothing outside of itself', () => {
    const page = renderHtml(exampleDocument)
    expect(page).toContain(`default-src 'none'`)
    expect(page).not.toMatch(/<(?:link|script|iframe|object)\b|@import|url\((?!#)/)
    expect([...page.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, to]) => to?.[0])).not.toContain(
      'h',
    )
  })

  it('links only to places that are on the page', () => {
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

  it('draws a document without a single link or source', () => {
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
    expect(renderHtml(empty)).toContain('Could not tell')
    expect(renderMarkdown(empty)).toContain('no window')
    expect(renderText(empty, plain)).toContain('Could not tell')
  })
})

describe('Markdown', () => {
  it('keeps a cell a cell and a mention a text', () => {
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

  it('fences quoted lines so that their own backticks do not end it', () => {
    const markdown = renderMarkdown(withHostileText('``` end ````'))
    expect(markdown).toContain('\n`````\n')
  })
})

describe('the report of three hundred clients that all have trouble', () => {
  const crowd = crowdedDocument(300)

  it('fits into one comment of a ticket, and says how much it leaves out', () => {
    const markdown = renderMarkdown(crowd)
    expect(markdown.length).toBeLessThan(65_536)
    expect(markdown).toContain('and 295 more, see the findings')
    expect(markdown).toMatch(/^- and \d+ more$/m)
  })

  it('is a page that opens, with charts of the worst only', () => {
    const page = renderHtml(crowd)
    expect(page.length).toBeLessThan(3_000_000)
    expect(page.match(/class="plot"/g)?.length).toBeLessThan(200)
    expect(page).toContain('links, none worse off than these, are not listed')
    expect(page).toContain('293 more clients')
  })

  it('fits the screen it is followed on, the verdict on top', () => {
    for (const rows of [16, 24, 50]) {
      const lines = renderText(crowd, plain, { columns: 80, rows }).trimEnd().split('\n')
      expect(lines.length).toBeLessThan(rows)
      expect(lines[0]).toMatch(/^✗ Unhealthy: /)
    }
  })
})

describe('text', () => {
  it('fits the verdict, the links and the checklist on one screen without colours in a pipe', () => {
    const screen = renderText(exampleDocument, plain)
    expect(screen).not.toContain('\u001b')
    expect(screen).toContain('✗ Unhealthy')
    expect(screen).not.toContain('1 sources')
    expect(screen).toMatch(/site-b → relay +failing +176 +38\.6 %/)
    expect(screen.split('\n').length).toBeLessThan(45)
  })
})

describe('lines of a terminal', () => {
  it('are no longer than it is wide, and keep a number and its unit together', () => {
    for (const columns of [80, 120]) {
      const lines = renderText(exampleDocument, plain, { columns }).split('\n')
      expect(lines.filter((line) => line.length > columns)).toEqual([])
    }
    expect(wrapped('it went on for as long as 4 min 50 s in all', 30, '  ')).toEqual([
      '  it went on for as long as',
      '  4 min 50 s in all',
    ])
  })
})

describe('wording', () => {
  it('names a few and counts the rest', () => {
    expect(
      [['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c', 'd']].map((all) => enumerated(all, 3)),
    ).toEqual(['a', 'a and b', 'a, b and c', 'a, b, c and 1 more'])
  })

  it('puts round times under a chart, and the date where a day begins', () => {
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

  it('tells of a link what the side saw that saw most of it fail', () => {
    const [link] = exampleDocument.links
    const [view] = link?.views ?? []
    if (link === undefined || view === undefined) throw new Error('the example has links')
    const relay = { ...view, side: 'relay', successRate: 1 } as const
    const client = { ...view, side: 'client', successRate: 0.8 } as const
    expect(tellingView({ views: [relay, client] })?.side).toBe('client')
    expect(tellingView({ views: [{ ...client, successRate: 1 }, relay] })?.side).toBe('relay')
    expect(tellingView({ views: [] })).toBeUndefined()
  })

  it('says that a step stands before the first one where clocks differ', () => {
    expect([0, 47, -215, -61_000].map((ms) => sinceText(ms))).toEqual([
      '+0 ms',
      '+47 ms',
      '−215 ms',
      '−1 min 1 s',
    ])
  })

  it('shows the two largest units of a duration', () => {
    expect(
      [0.5, 132.4, 1500, 59_999, 184_000, 3_600_000, 93_600_000].map((ms) => durationText(ms)),
    ).toEqual(['0.5 ms', '132 ms', '1.5 s', '60 s', '3 min 4 s', '1 h', '1 d 2 h'])
  })

  it('does not round a failure away', () => {
    expect([1, 0.99996, 0.999, 0.5, null].map((rate) => percentText(rate))).toEqual([
      '100 %',
      '> 99.9 %',
      '99.9 %',
      '50 %',
      '–',
    ])
  })
})
