import { Worker } from 'node:worker_threads'

import type { NodeResult } from '../store/task-store.ts'
import type { CombinedResult, CombineOptions, TaskToCombine } from './combine-results.ts'

/** What the thread gets at its start. */
export interface ThreadInput {
  readonly task: TaskToCombine
  readonly options: CombineOptions
}

/** A result on its way to the thread, to which its memory is passed on. */
export interface PassedResult extends Omit<NodeResult, 'json'> {
  readonly json: ArrayBuffer | null
}

/** What the thread sends: a request for the next result, or the outcome. */
export type ThreadOutput = 'next' | CombinedJson<ArrayBuffer>

/** The combined result, JSON in UTF-8. */
export interface CombinedJson<Bytes> extends Pick<CombinedResult, 'coverage' | 'problems'> {
  readonly json: Bytes
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
): Promise<CombinedJson<Buffer>> {
  const input: ThreadInput = { task: { uuid, collection, type, asked }, options }
  const thread = new Worker(new URL('./combine-thread.ts', import.meta.url), {
    workerData: input,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB, maxYoungGenerationSizeMb: 4 },
  })
  const end = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
  const { promise, resolve, reject } = Promise.withResolvers<CombinedJson<Buffer>>()
  const onAbort = (): void => reject(end.reason)
  end.addEventListener('abort', onAbort)
  if (end.aborted) onAbort()
  thread.on('error', reject)
  thread.on('exit', (code) => reject(new Error(`the thread ended with code ${code}`)))
  thread.on('message', (output: ThreadOutput) => {
    if (output !== 'next') return resolve({ ...output, json: Buffer.from(output.json) })
    results.next().then(
      ({ value }) => passOn(thread, value),
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

function passOn(thread: Worker, result: NodeResult | undefined): void {
  const json = result?.json ?? null
  const memory = json === null ? null : ownMemory(json)
  const passed = result === undefined ? null : { ...result, json: memory }
  thread.postMessage(passed satisfies PassedResult | null, memory === null ? [] : [memory])
}

/** The memory of the bytes, if nothing else uses it. Otherwise a copy. */
function ownMemory(bytes: Buffer): ArrayBuffer {
  const { buffer, byteLength } = bytes
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) return buffer
  return new Uint8Array(bytes).buffer
}
