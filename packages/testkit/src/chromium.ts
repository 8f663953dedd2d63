import { describeService } from './describe-service.ts'
import { CHROMIUM } from './services/requirement.ts'

/** A suite that needs a Chromium of the system. */
export function describeChromium(title: string, suite: () => void): void {
  describeService(CHROMIUM, title, suite, async () => {
    chromiumPath()
  })
}

/** Where Chromium is, for playwright-core's `executablePath`. */
export function chromiumPath(): string {
  const path = CHROMIUM.find()
  if (path === undefined) throw new Error('Chromium is not installed')
  return path
}
