import { describe, expect, it } from 'vitest'

import type { Finding, Latency } from '../../src/document/report-document.ts'
import { actionRows, firstStep } from '../../src/render/actions.ts'
import { flowLine } from '../../src/render/flow-line.ts'
import { renderHtml } from '../../src/render/html/render-html.ts'
import { renderMarkdown } from '../../src/render/markdown.ts'
import { TimeFormat } from '../../src/render/time-format.ts'
import { formatLatency } from '../../src/render/wording.ts'
import { crowdedDocument } from '../fixtures/crowded-document.ts'
import { exampleDocument } from '../fixtures/example-document.ts'

describe('who must act', () => {
  const [finding] = exampleDocument.findings
  if (finding === undefined) throw new Error('the example has no finding')

  it('is one row per party and cause, whatever the number of links', () => {
    const { shown, more } = actionRows(crowdedDocument(12))
    expect(shown).toHaveLength(1)
    expect(more).toBe(0)
    expect(shown[0]?.party).toBe(
      'hospital-number-1, hospital-number-2, hospital-number-3 and 9 more (site)',
    )
    expect(shown[0]?.findings).toHaveLength(12)
  })

  it('has a row for each cause and each party', () => {
    const findings: Finding[] = [
      finding,
      { ...finding, id: 'F8', cause: 'slow' },
      { ...finding, id: 'F9', party: 'hub', partyName: 'relay' },
      { ...finding, id: 'F10', severity: 'info' },
      { ...finding, id: 'F11', party: 'none' },
    ]
    const { shown, more } = actionRows({ findings }, 2)
    expect(shown.map(({ findings: [{ id }] }) => id)).toEqual([finding.id, 'F8'])
    expect(more).toBe(1)
  })

  it('names the first command of a finding, else its first step', () => {
    const next = ['Look at `TASK_API_PASSWORD`.', 'Run `kubectl logs relay-0`.', 'Run `true now`.']
    expect(firstStep({ action: 'Set the password.', next })).toBe('`kubectl logs relay-0`.')
    expect(firstStep({ action: 'Set it.', next: ['Ask the hub.'] })).toBe('Ask the hub.')
    expect(firstStep({ action: 'Set it.', next: [] })).toBeUndefined()
  })

  it('stands before the sections, in the page and in Markdown', () => {
    const page = renderHtml(exampleDocument)
    const markdown = renderMarkdown(exampleDocument)
    for (const text of [page, markdown]) {
      expect(text.indexOf('site-b (site)')).toBeLessThan(text.lastIndexOf('1. Executive summary'))
    }
    expect(page.indexOf('class="map"')).toBeLessThan(page.indexOf('<nav'))
  })
})

it('shows the way of a poll on one line', () => {
  const { components, links } = exampleDocument
  expect(flowLine(exampleDocument)).toMatch(/^3 clients → \S.* → .* → 3 clients/)
  const without = components.filter(({ role }) => role === 'client' || role === 'relay')
  expect(flowLine({ components: without.slice(-2), links })).toMatch(/^\S+ → \S+ → \S+$/)
  expect(flowLine({ components: [], links })).toBe('')
})

it('explains 204 if a poll was answered with it', () => {
  const note = '204 is the normal response to a poll'
  for (const render of [renderHtml, renderMarkdown]) {
    expect(render(exampleDocument)).toContain(note)
    expect(render({ ...exampleDocument, links: [] })).not.toContain(note)
  }
})

it('labels every day of a week', () => {
  const start = Date.UTC(2025, 8, 26, 6, 30)
  const week = 7 * 24 * 3_600_000
  const timeRange = {
    ...exampleDocument.timeRange,
    from: new Date(start).toISOString(),
    to: new Date(start + week).toISOString(),
  }
  for (const max of [undefined, 3]) {
    const ticks = new TimeFormat({ timeRange }).ticks(start, week, max)
    expect(ticks.map(({ text }) => text)).toEqual([
      '27 Sep',
      '28 Sep',
      '29 Sep',
      '30 Sep',
      '1 Oct',
      '2 Oct',
      '3 Oct',
    ])
  }
})

it('does not claim a precision that a log of whole seconds lacks', () => {
  const latency: Latency = {
    count: 9,
    p50Ms: 0,
    p90Ms: 1_000,
    p95Ms: 2_000,
    p99Ms: 2_000,
    maxMs: 2_000,
    resolutionMs: 1_000,
  }
  expect(formatLatency(latency, 'p50Ms')).toBe('under 1 s')
  expect(formatLatency(latency, 'p95Ms')).toBe('about 2 s')
  expect(formatLatency({ ...latency, p95Ms: 132, resolutionMs: 1 }, 'p95Ms')).toBe('132 ms')
  expect(formatLatency(null, 'p95Ms')).toBe('–')
})
