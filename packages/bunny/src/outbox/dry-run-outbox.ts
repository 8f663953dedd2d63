import type { Logger } from '@warren/runtime'
import type { EncodedResult } from '@warren/task-api'
import { BunnyEvent } from '../log-events.ts'
import type { Outbox } from './outbox.ts'

/** Shows each result instead of submitting it. */
export function dryRunOutbox(
  show: (result: EncodedResult) => void,
  log: Logger,
): Pick<Outbox, 'put' | 'has' | 'isFull'> {
  return {
    isFull: false,
    has: () => false,
    put: (_key, result) => {
      log.info({ taskId: result.uuid }, BunnyEvent.resultNotSent)
      show(result)
    },
  }
}
