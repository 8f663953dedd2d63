import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { chromiumPath, describeChromium } from '@warren/testkit'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { renderHtml } from '../../src/render/html/render-html.ts'
import { exampleDocument } from '../fixtures/example-document.ts'

describeChromium('the report in a browser', () => {
  let browser: Browser
  let folder: string
  let url: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warren-report-page-'))
    const file = join(folder, 'health.html')
    await writeFile(file, renderHtml(exampleDocument))
    url = pathToFileURL(file).href
    const executablePath = chromiumPath()
    if (executablePath === undefined) throw new Error('Chromium is missing')
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    })
  })

  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function open(
    colorScheme: 'light' | 'dark' = 'light',
  ): Promise<{ page: Page; problems: string[] }> {
    const page = await browser.newPage({ colorScheme, viewport: { width: 1100, height: 900 } })
    const problems: string[] = []
    page.on('console', (message) => problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('request', (request) => {
      if (request.url() !== url) problems.push(request.url())
    })
    await page.goto(url)
    return { page, problems }
  }

  it('makes no request and violates no content security policy', async () => {
    const { page, problems } = await open()
    await expect(page.title()).resolves.toBe('Network health: Unhealthy')
    expect(problems).toEqual([])
  })

  it('can be used with a keyboard: a skip link first, then evidence that expands', async () => {
    const { page } = await open()
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the report')
    const evidence = page.locator('#F1 details').last()
    const line = evidence.getByText('Invalid password for client: site-b')
    expect(await line.isVisible()).toBe(false)
    await evidence.locator('summary').focus()
    await page.keyboard.press('Enter')
    expect(await line.isVisible()).toBe(true)
  })

  it('describes pictures to screen readers', async () => {
    const { page } = await open()
    const network = page.getByRole('img', { name: /site-b → relay failing/ })
    expect(await network.count()).toBe(1)
    expect(await page.getByRole('heading', { level: 2 }).count()).toBe(7)
    expect(await page.getByRole('region', { name: 'F1 site-b: wrong password' }).count()).toBe(1)
  })

  it('draws every picture inside its frame', async () => {
    const { page } = await open()
    const outside =
      await page.evaluate(`[...document.querySelectorAll('figure svg')].flatMap((svg) => {
      const frame = svg.getBoundingClientRect()
      return [...svg.querySelectorAll('rect, text, path, line')].filter((shape) => {
        const box = shape.getBoundingClientRect()
        return box.right > frame.right + 3 || box.left < frame.left - 3 || box.bottom > frame.bottom + 3 || box.top < frame.top - 3
      }).map((shape) => shape.outerHTML.slice(0, 80))
    })`)
    expect(outside).toEqual([])
  })

  it('follows the colour scheme of the reader, with sufficient contrast in both', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const { page } = await open(scheme)
      const [background, ink] = twoColours(
        await page.evaluate(`(() => {
        const style = getComputedStyle(document.body)
        return [style.backgroundColor, style.color]
      })()`),
      )
      expect(luminance(background) > 0.5).toBe(scheme === 'light')
      expect(contrast(background, ink)).toBeGreaterThan(7)
      for (const tone of ['good', 'warn', 'bad', 'note', 'none']) {
        const [soft, strong] = twoColours(
          await page.evaluate(`(() => {
          const pill = document.createElement('span')
          pill.className = 'pill ${tone}'
          document.body.append(pill)
          const style = getComputedStyle(pill)
          return [style.backgroundColor, style.color]
        })()`),
        )
        expect(contrast(soft, strong), `${tone} in ${scheme}`).toBeGreaterThan(4.5)
      }
    }
  })

  it.each([
    [1280, 800],
    [390, 844],
  ])(
    'shows verdict, who must act and the map above the fold, at %i × %i',
    async (width, height) => {
      const { page } = await open()
      await page.setViewportSize({ width, height })
      for (const part of ['.verdict', '.actions', '.map']) {
        const box = await page.locator(part).first().boundingBox()
        expect(box?.width, part).toBeGreaterThan(100)
        expect((box?.y ?? 0) + Math.min(box?.height ?? 0, 200), part).toBeLessThan(height)
      }
    },
  )

  it('cuts no column of a table of components on a phone', async () => {
    const { page } = await open()
    await page.setViewportSize({ width: 390, height: 844 })
    const outside =
      await page.evaluate(`[...document.querySelectorAll('.stacked td')].filter((cell) => {
      const box = cell.getBoundingClientRect()
      return box.width > 0 && box.right > 390
    }).length`)
    expect(outside).toBe(0)
  })

  it('is readable on a phone: nothing overflows and no text is too small', async () => {
    const { page } = await open()
    await page.setViewportSize({ width: 390, height: 800 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    const sizes = await page.evaluate(
      `[...document.querySelectorAll('.axis span, .scale span, .legend li, .wires li')].map((text) => Number.parseFloat(getComputedStyle(text).fontSize))`,
    )
    expect(Array.isArray(sizes) ? sizes.length : 0).toBeGreaterThan(20)
    expect(Math.min(...(Array.isArray(sizes) ? sizes.map(Number) : [0]))).toBeGreaterThan(8)
  })

  it('expands links with a problem, and others on request', async () => {
    const { page } = await open()
    const links = page.locator('details.link')
    const states = await links.evaluateAll((all) => all.map((link) => link.hasAttribute('open')))
    expect(states[0]).toBe(true)
    expect(states.at(-1)).toBe(false)
    await links.last().locator('summary').first().focus()
    await page.keyboard.press('Enter')
    expect(await links.last().getByRole('table').isVisible()).toBe(true)
  })

  it('never overlaps two time labels', async () => {
    const { page } = await open()
    for (const width of [390, 800, 1400]) {
      await page.setViewportSize({ width, height: 800 })
      const overlaps =
        await page.evaluate(`[...document.querySelectorAll('.axis')].filter((axis) => {
        const boxes = [...axis.children].map((label) => label.getBoundingClientRect())
        return boxes.some((box, index) => index > 0 && box.width > 0 && box.left < boxes[index - 1].right)
      }).length`)
      expect(overlaps, `at ${width}`).toBe(0)
    }
  })

  it('prints what is collapsed on the screen', async () => {
    const { page } = await open()
    await page.emulateMedia({ media: 'print' })
    const height = await page
      .locator('#F1 details')
      .last()
      .evaluate((details) => details.getBoundingClientRect().height)
    expect(height).toBeGreaterThan(60)
  })
})

function twoColours(value: unknown): [string, string] {
  if (!Array.isArray(value)) throw new TypeError('expected two colours')
  return [String(value[0]), String(value[1])]
}

/** Relative luminance as WCAG 2 defines it. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [...colour.matchAll(/[\d.]+/g)].map(([part]) => {
    const share = Number(part) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}
