import { createLogger } from '@warren/runtime'
import { expect, it } from 'vitest'

import { LeaderElection } from '../../src/upstream/leader-election.ts'

it('an election that is stopped during a renewal ends for a poll that waits for it', async () => {
  const stop = new AbortController()
  const log = createLogger({
    component: 'x',
    level: 'fatal',
    format: 'json',
    destination: { write: () => {} },
  })
  let renewal: Promise<boolean> = Promise.resolve(true)
  const election = new LeaderElection({
    leadership: {
      holdMs: 9_000,
      acquire: () => renewal,
      release: async () => {},
    },
    name: 'national',
    log,
    signal: stop.signal,
  })
  expect(await election.waitForTerm()).toBeInstanceOf(AbortSignal)

  const slow = Promise.withResolvers<boolean>()
  renewal = slow.promise
  // The database failed, so that the next request waits for a renewal.
  election.suspectDatabase()
  const waiting = election.waitForTerm()
  stop.abort()
  slow.resolve(true)
  expect(await waiting).toBeUndefined()
  await election[Symbol.asyncDispose]()
})
