import { nodeResult, servedTask } from '../../test/harness/bare-client.ts'
import type { BenchNode } from './bench-nodes.ts'
import { PollSocket } from './poll-socket.ts'

const WAIT_SECONDS = 20

/** Answers every task of a node immediately, with the number of people that a site might count. */
export class BenchBunny implements AsyncDisposable {
  readonly #sockets: readonly PollSocket[]
  readonly #working: Promise<unknown>
  #isStopped = false

  private constructor(sockets: readonly PollSocket[]) {
    this.#sockets = sockets
    this.#working = Promise.all(sockets.map((socket) => this.#work(socket)))
  }

  /** Holds `polls` polls at a time, each on its own connection. */
  static async start(url: string, node: BenchNode, polls = 1): Promise<BenchBunny> {
    const sockets = Array.from({ length: polls }, () => PollSocket.open(url, node))
    return new BenchBunny(await Promise.all(sockets))
  }

  async #work(socket: PollSocket): Promise<void> {
    try {
      while (!this.#isStopped) {
        const { status, text } = await socket.poll(WAIT_SECONDS)
        if (status === 204) continue
        const task = servedTask({ status, text, headers: {}, json: () => JSON.parse(text) })
        const answer = await socket.submit(task.uuid, nodeResult(task, 1_230))
        if (answer.status !== 200) throw new Error(`the result was answered ${answer.status}`)
      }
    } catch (error: unknown) {
      if (!this.#isStopped) throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true
    for (const socket of this.#sockets) socket[Symbol.dispose]()
    await this.#working
  }
}
