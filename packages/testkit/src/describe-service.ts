import { beforeAll, describe } from 'vitest'

import { inCi, installCommand, isAvailable, type Requirement } from './services/requirement.ts'

// A broker takes a while to start on a small machine that is also running tests.
const START_TIMEOUT_MS = 180_000

/**
 * A suite that needs a service. Where there is none it is skipped under a name that says how to get one; in CI it
 * runs all the same, and fails.
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
