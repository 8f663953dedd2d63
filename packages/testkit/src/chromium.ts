import { describeService } from './describe-service.ts'
import { CHROMIUM } from './services/requirement.ts'

/** A suite that needs Chromium. */
export function describeChromium(title: string, suite: () => void): void {
  describeService(CHROMIUM, title, suite, async () => {
    chromiumPath()
  })
}

/** The path of Chromium, for `executablePath` of playwright-core. */
export function chromiumPath(): string {
  const path = CHROMIUM.find()
  if (path === undefined) throw new Error('Chromium is not installed')
  return path
}
