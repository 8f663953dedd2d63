import type { EncodedResult } from '@warren/task-api'
import { TaskApiError } from '@warren/task-api'
import { adviceFor } from '../poll/poll-advice.ts'
import type { Checklist } from './checklist.ts'
import { failed, ok, warning, type Finding } from './step.ts'

const POLL = { id: 'poll', area: 'network', title: 'poll' } as const

export interface PollCheck {
  readonly poll: (signal: AbortSignal) => Promise<{ body: unknown } | null>
  /** Undefined if the policy of the site holds the task. */
  readonly solve: (task: unknown) => Promise<EncodedResult | undefined>
  readonly submit: (result: EncodedResult, signal: AbortSignal) => Promise<unknown>
  readonly limitMs: number
}

export const skipPoll = (list: Checklist, reason: string): void => list.skip(POLL, reason)

/** Polls once. A task that arrives is answered and its result submitted, because the relay has handed it out. */
export async function checkPoll(list: Checklist, check: PollCheck): Promise<void> {
  await list.run({ ...POLL, limitMs: check.limitMs }, async (signal) => {
    let next: { body: unknown } | null
    try {
      next = await check.poll(signal)
    } catch (error: unknown) {
      return problem(error, 'the poll failed')
    }
    if (next === null) return ok('answered: no task is waiting')
    const result = await check.solve(next.body)
    if (result === undefined) {
      return warning(
        'a task was received, and the policy of the site holds it for approval',
        'The relay hands it out again: start the daemon, and run warren bunny held list.',
      )
    }
    try {
      await check.submit(result, signal)
    } catch (error: unknown) {
      return problem(error, 'a task was received, but submitting its result failed')
    }
    const what = 'a task was received, and its result was submitted'
    return result.status === 'ok' ? ok(what) : warning(`${what}: it is an error`)
  })
}

function problem(error: unknown, what: string): Finding {
  if (!(error instanceof TaskApiError)) throw error
  const advice = adviceFor(error)
  return failed(`${what}: ${error.message}`, ...(advice === undefined ? [] : [capital(advice)]))
}

const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
