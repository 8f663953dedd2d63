// The thread in which large results are combined. Started by combine-in-thread.ts.

import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { serializeResultBytes } from '@warren/task-api/messages'

import type { NodeResult } from '../store/task-store.ts'
import type { PassedResult, ThreadInput, ThreadOutput } from './combine-in-thread.ts'
import { combineResults } from './combine-results.ts'

if (parentPort === null) throw new Error('this file is the program of a thread')
const relay = parentPort

async function* receive(): AsyncGenerator<NodeResult> {
  for (;;) {
    const received = once(relay, 'message')
    send('next')
    const [result]: (PassedResult | null)[] = await received
    if (result === null || result === undefined) return
    const { json } = result
    yield { ...result, json: json === null ? null : Buffer.from(json) }
    // Frees the memory now, not at the next garbage collection.
    json?.transfer(0)
  }
}

function send(output: ThreadOutput): void {
  relay.postMessage(output, output === 'next' ? [] : [output.json])
}

const { task, options }: ThreadInput = workerData
const { result, coverage, problems } = await combineResults(task, receive(), options)
send({ json: serializeResultBytes(result).buffer, coverage, problems })
