import { beforeAll, describe } from 'vitest'

import { inCi, installCommand, isAvailable, type Requirement } from './services/requirement.ts'

// A broker starts slowly on a small machine that runs tests at the same time.
const START_TIMEOUT_MS = 180_000

/**
 * A suite that needs a service. If the service is missing, the suite is skipped under a name that contains the install
 * command. In CI it runs anyway, and fails.
 */
export function describeService(
  requirement: Requirement,
  title: string,
  suite: () => void,
  start: () => Promise<unknown>,
): void {
  if (!isAvailable(requirement) && !inCi()) {
    const { title: service, urlVariable } = requirement
    const orUrl = urlVariable === undefined ? '' : `, or set ${urlVariable}`
    const reason = `skipped, needs ${service}: ${installCommand(requirement)}${orUrl}`
    describe.skip(`${title} (${reason})`, suite)
    return
  }
  describe(title, () => {
    beforeAll(start, START_TIMEOUT_MS)
    suite()
  })
}
