import { displayWidth, styles } from '@warren/runtime'
import { describe, expect, it } from 'vitest'

import { reportDocumentSchema } from '../../src/document/report-document.ts'
import { renderHtml } from '../../src/render/html/render-html.ts'
import { renderMarkdown } from '../../src/render/markdown.ts'
import { renderText } from '../../src/render/text.ts'
import { comparedDocument } from '../fixtures/compared-document.ts'
import { exampleDocument } from '../fixtures/example-document.ts'

const plain = styles({ write: () => true, isTTY: false }, {})
const pages = [
  ['text', renderText(comparedDocument, plain, { columns: 80 })],
  ['Markdown', renderMarkdown(comparedDocument)],
  ['HTML', renderHtml(comparedDocument)],
] as const

describe('a report with a comparison', () => {
  it('is valid against the schema', () => {
    expect(reportDocumentSchema.parse(comparedDocument).comparison?.answer).toBe('not-gone')
  })

  it.each(pages)('begins as %s with the answer, before the verdict on the network', (_, page) => {
    const answer = page.indexOf('Are the earlier failures gone? No.')
    expect(answer).toBeGreaterThanOrEqual(0)
    const first = page.search(/1\. Executive summary<\/h2>|## 1\. Executive|\nLinks/)
    expect(answer).toBeLessThan(first)
  })

  it.each(pages)(
    'shows as %s every outcome, what to collect, what is new and the figures',
    (_, page) => {
      for (const text of ['still there', 'came back', 'unknown', 'gone'])
        expect(page).toContain(text)
      expect(page).toContain('deployment/BUNNY')
      expect(page).toContain('site-b: wrong password')
      expect(page).toMatch(/do(es)? not cover\s+this link/)
      expect(page.replaceAll(/\s+/g, ' ')).toContain('10 s → 5 s')
    },
  )

  it('escapes texts of the earlier report', () => {
    expect(renderHtml(comparedDocument)).not.toContain('<b>')
    expect(renderMarkdown(comparedDocument)).not.toContain('<b>')
  })

  it('fits 80 columns, except for a command that is to be pasted', () => {
    const wide = renderText(comparedDocument, plain, { columns: 80 })
      .split('\n')
      .slice(0, 40)
      .filter((line) => displayWidth(line) > 80 && !line.includes('kubectl'))
    expect(wide).toEqual([])
  })

  it('has no section about it without a comparison', () => {
    expect(renderText(exampleDocument, plain)).not.toContain('earlier failures')
    expect(renderHtml(exampleDocument)).not.toContain('Before and after')
    expect(renderMarkdown(exampleDocument)).not.toContain('Before and after')
  })
})
