import { Worker } from 'node:worker_threads'

import type { NodeResult } from '../store/task-store.ts'
import type { CombinedResult, CombineOptions, TaskToCombine } from './combine-results.ts'

/** What the thread gets at its start. */
export interface ThreadInput {
  readonly task: TaskToCombine
  readonly options: CombineOptions
}

/** What the thread sends: a request for the next result, or the outcome. */
export type ThreadOutput = 'next' | CombinedText

/** The combined result as JSON text. */
export interface CombinedText extends Pick<CombinedResult, 'coverage' | 'problems'> {
  readonly json: string
}

// Combining 50 results of 100,000 rows takes less than half of this.
const MAX_HEAP_MB = 256
// Combining 1,000 results of 100,000 rows takes less than half of this.
const TIMEOUT_MS = 600_000

/**
 * Combines results in a thread of its own, which gets one result at a time. Its memory and time are bounded: rejects if it
 * exceeds them, and when `signal` aborts.
 */
export async function combineInThread(
  { uuid, collection, type, asked }: TaskToCombine,
  results: AsyncGenerator<NodeResult>,
  options: CombineOptions,
  signal: AbortSignal,
): Promise<CombinedText> {
  const input: ThreadInput = { task: { uuid, collection, type, asked }, options }
  const thread = new Worker(new URL('./combine-thread.ts', import.meta.url), {
    workerData: input,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB, maxYoungGenerationSizeMb: 4 },
  })
  const end = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
  const { promise, resolve, reject } = Promise.withResolvers<CombinedText>()
  const onAbort = (): void => reject(end.reason)
  end.addEventListener('abort', onAbort)
  if (end.aborted) onAbort()
  thread.on('error', reject)
  thread.on('exit', (code) => reject(new Error(`the thread ended with code ${code}`)))
  thread.on('message', (output: ThreadOutput) => {
    if (output !== 'next') return resolve(output)
    results.next().then(
      // oxlint-disable-next-line unicorn/require-post-message-target-origin
      ({ value }) => thread.postMessage(value ?? null),
      (error: unknown) => reject(error),
    )
  })
  try {
    return await promise
  } finally {
    end.removeEventListener('abort', onAbort)
    await thread.terminate()
    await results.return(undefined)
  }
}
