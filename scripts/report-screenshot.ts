// `npm run docs:screenshot`: makes docs/report.png, the top of the HTML report on the scenario "password-changed" of the fault corpus.
// Details are hidden, so that the picture shows the network and every finding.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { chromium } from 'playwright-core'

import { halfHours } from '../packages/report/corpus/scenarios/half-hour.ts'
import { collect } from '../packages/report/corpus/scenarios/collect.ts'
import { createReport, inputFiles, renderHtml } from '../packages/report/src/index.ts'
import { chromiumPath } from '../packages/testkit/src/index.ts'

const PICTURE = new URL('../docs/report.png', import.meta.url).pathname
const SIZE = { width: 1100, height: 1204 }
const HIDDEN = `
  nav, section:has(> #components), section:has(> #summary) > :is(h2, details, .caveats), section:has(> #flow) > h2,
  figure:has(.topology) figcaption, .links .plot:first-of-type, .links :is(ul:not(.legend), .scroll, .target details) {
    display: none
  }
  main > section { border: 0; margin: 0; padding: 0 }`

const scenario = halfHours().find(({ name }) => name === 'password-changed')
if (scenario === undefined) throw new Error('the scenario does not exist')
const folder = await mkdtemp(join(tmpdir(), 'warren-screenshot-'))
try {
  for (const { path, bytes } of collect(scenario)) {
    await mkdir(dirname(join(folder, 'logs', path)), { recursive: true })
    await writeFile(join(folder, 'logs', path), bytes)
  }
  const report = await createReport(inputFiles([join(folder, 'logs')], []))
  const page = join(folder, 'report.html')
  await writeFile(page, renderHtml(report))
  await photograph(pathToFileURL(page).href)
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function photograph(url: string): Promise<void> {
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
  try {
    const page = await browser.newPage({ viewport: SIZE, colorScheme: 'light' })
    await page.goto(url)
    await page.addStyleTag({ content: HIDDEN })
    await page.screenshot({ path: PICTURE })
  } finally {
    await browser.close()
  }
}
