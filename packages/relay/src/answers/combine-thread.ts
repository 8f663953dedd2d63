// The thread in which large results are combined. Started by combine-in-thread.ts.

import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { serializeResult } from '@warren/task-api'

import type { NodeResult } from '../store/task-store.ts'
import type { ThreadInput, ThreadOutput } from './combine-in-thread.ts'
import { combineResults } from './combine-results.ts'

if (parentPort === null) throw new Error('this file is the program of a thread')
const relay = parentPort

async function* receive(): AsyncGenerator<NodeResult> {
  for (;;) {
    const received = once(relay, 'message')
    send('next')
    const [result]: (NodeResult | null)[] = await received
    if (result === null || result === undefined) return
    yield result
  }
}

function send(output: ThreadOutput): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  relay.postMessage(output)
}

const { task, options }: ThreadInput = workerData
const { result, coverage, problems } = await combineResults(task, receive(), options)
send({ json: serializeResult(result), coverage, problems })
