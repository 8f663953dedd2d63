import { serializeResult, type TaskResult } from '@warren/task-api'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { bareRequest, pythonHeaders } from '../test/harness/bare-client.ts'
import type { Random } from './random.ts'

export interface NodeLogin {
  readonly username: string
  readonly password: string
  readonly collectionId: string
}

export interface ScriptedNodeOptions {
  readonly login: NodeLogin
  /** The relays, each behind a proxy. The node polls one of them, and another one after a failure. */
  readonly urls: readonly string[]
  readonly random: Random
  readonly answer: (task: NodeTask) => TaskResult
  /** A relay answered a poll or took a result. */
  readonly onAnswered: () => void
  /** A relay confirmed a result with 2xx. */
  readonly onConfirmed: (task: NodeTask) => void
  /** A relay rejected a result for good. */
  readonly onRejected: (task: NodeTask, status: number) => void
}

const nodeTaskSchema = z.looseObject({
  uuid: z.string(),
  collection: z.string(),
  // The number of the question: relays pass on members that they do not use.
  priority: z.number(),
})
export type NodeTask = z.infer<typeof nodeTaskSchema>

const POLL_WAIT_S = 2
const POLL_TIMEOUT_MS = 6_000
const SUBMIT_TIMEOUT_MS = 8_000
const PAUSE_MS = 300
const MAX_ACTIVE = 4
const MAX_WORK_MS = 80
// The share of polls after which the node polls another relay, as with a load balancer.
const CHANGE_SHARE = 0.1

/** A minimal bunny with known answers. It submits each result until a relay confirms or rejects it. */
export class ScriptedNode implements AsyncDisposable {
  readonly #options: ScriptedNodeOptions
  readonly #stop = new AbortController()
  readonly #active = new Set<Promise<void>>()
  readonly #loop: Promise<void>
  #relay: number
  /** Polls that a relay answered with 200 or 204. */
  answeredPolls = 0

  constructor(options: ScriptedNodeOptions) {
    this.#options = options
    this.#relay = Math.floor(options.random.next() * options.urls.length)
    this.#loop = this.#run()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#loop
    await Promise.all(this.#active)
  }

  async #run(): Promise<void> {
    const { random } = this.#options
    while (!this.#stop.signal.aborted) {
      if (this.#active.size >= MAX_ACTIVE) {
        await Promise.race(this.#active)
        continue
      }
      const task = await this.#poll()
      if (task === 'failed') {
        this.#relay += 1
        await this.#pause(PAUSE_MS)
      } else if (random.next() < CHANGE_SHARE) this.#relay += 1
      if (typeof task === 'object') {
        const answering = this.#answer(task).finally(() => this.#active.delete(answering))
        this.#active.add(answering)
      }
    }
  }

  async #poll(): Promise<NodeTask | 'none' | 'failed'> {
    const { collectionId } = this.#options.login
    const response = await this.#request(`task/nextjob/${collectionId}`, POLL_TIMEOUT_MS, {
      Prefer: `wait=${POLL_WAIT_S}`,
    })
    if (response?.status !== 200 && response?.status !== 204) return 'failed'
    this.answeredPolls += 1
    this.#options.onAnswered()
    return response.status === 204 ? 'none' : nodeTaskSchema.parse(response.json())
  }

  async #answer(task: NodeTask): Promise<void> {
    const { random, login, answer, onAnswered, onConfirmed, onRejected } = this.#options
    await this.#pause(random.next() * MAX_WORK_MS)
    const body = serializeResult(answer(task))
    while (!this.#stop.signal.aborted) {
      const response = await this.#request(
        `task/result/${task.uuid}/${login.collectionId}`,
        SUBMIT_TIMEOUT_MS,
        { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) },
        body,
      )
      const status = response?.status ?? 0
      if (status >= 200 && status < 300) {
        onAnswered()
        onConfirmed(task)
        return
      }
      if (status >= 400 && status < 500 && status !== 429 && status !== 401) {
        onRejected(task, status)
        return
      }
      this.#relay += 1
      await this.#pause(PAUSE_MS)
    }
  }

  /** Undefined if there was no response. */
  async #request(path: string, timeoutMs: number, headers: Record<string, string>, body?: string) {
    const { urls, login } = this.#options
    const base = `${urls[this.#relay % urls.length]}/link_connector_api`
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(timeoutMs)])
    try {
      return await bareRequest(`${base}/${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { ...pythonHeaders(login.username, login.password), ...headers },
        signal,
        ...(body === undefined ? {} : { body }),
      })
    } catch {
      return undefined
    }
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined)
  }
}
