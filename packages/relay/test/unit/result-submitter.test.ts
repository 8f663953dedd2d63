import { createLogger } from '@warren/runtime'
import { expect, it } from 'vitest'
import type { Submission, SubmissionOutcome } from '../../src/store/task-store.ts'
import { ResultSubmitter } from '../../src/upstream/result-submitter.ts'
import { DEFAULT_SUBMISSION_POLICY } from '../../src/upstream/submission-policy.ts'

it('a stored result is submitted as it is, without parsing it', async () => {
  // A combined result may have 30 MB. The submitter does not look into it.
  const submission: Submission = {
    taskId: 't',
    uuid: 'u',
    upstream: 'national',
    kind: 'distribution',
    collection: 'c',
    result: Buffer.from('{ "status" :"ok" '),
    attempt: 1,
    ageMs: 0,
  }
  const claims: Submission[][] = [[submission]]
  const stop = new AbortController()
  const sent: unknown[][] = []
  const recorded: SubmissionOutcome[] = []
  const destination = { write: () => {} }
  const submitter = new ResultSubmitter({
    upstream: 'national',
    client: {
      submitResultJson: async ({ uuid, collection }, json) => {
        sent.push([uuid, collection, json])
        return 'accepted'
      },
    },
    store: {
      claimSubmissions: async () => claims.pop() ?? [],
      renewClaims: async () => {},
      recordSubmission: async (_, outcome) => {
        recorded.push(outcome)
        stop.abort()
        return true
      },
    },
    policy: DEFAULT_SUBMISSION_POLICY,
    log: createLogger({ component: 'relay', level: 'error', format: 'json', destination }),
  })
  await submitter.run(stop.signal)
  expect(sent).toEqual([['u', 'c', submission.result]])
  expect(sent[0]?.[2]).toBe(submission.result)
  expect(recorded).toEqual([{ outcome: 'submitted' }])
})
