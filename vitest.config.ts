import { defineConfig } from 'vitest/config'

import { inCi } from './packages/testkit/src/services/requirement.ts'

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts'],
    globalSetup: ['./packages/testkit/src/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    // More workers than cores would make tests with timeouts unreliable.
    maxWorkers: 2,
    // In CI, a test that fails is repeated once, because the machine may be busy. It is reported as unstable if it then passes.
    // A property that does not hold is not repeated: other random inputs would hide the fault.
    retry: inCi() ? { count: 1, condition: /^(?!Property failed)/ } : 0,
  },
})
