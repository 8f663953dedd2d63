import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.ts'
import { ServerProcess } from './server-process.ts'

export interface Responsiveness {
  /** The longest time that /livez took, ms. */
  readonly slowestMs: number
  /** The longest time that a bare server took for the same number of requests, ms. */
  readonly bareMs: number
  readonly failures: number
}

/** Probes /livez of a server while it works, and a bare server in another process: on a busy machine both are slow. */
export class ResponsivenessProbe implements AsyncDisposable {
  readonly #bare: ServerProcess

  private constructor(bare: ServerProcess) {
    this.#bare = bare
  }

  static async start(): Promise<ResponsivenessProbe> {
    const port = String(await freePort())
    const bare = await ServerProcess.start({
      url: `http://127.0.0.1:${port}`,
      args: [fileURLToPath(new URL('./bare-server.ts', import.meta.url)), port],
      env: {},
      ready: 'listening',
    })
    return new ResponsivenessProbe(bare)
  }

  /** Probes every 20 ms until the work is done. */
  async measure(url: string, work: Promise<unknown>): Promise<Responsiveness> {
    const ended = new AbortController()
    const done = work.finally(() => ended.abort())
    let slowestMs = 0
    let bareMs = 0
    let failures = 0
    while (!ended.signal.aborted) {
      const [relay, bare] = await Promise.all([probe(`${url}/livez`), probe(this.#bare.url)])
      if (!relay.ok) failures += 1
      slowestMs = Math.max(slowestMs, relay.ms)
      bareMs = Math.max(bareMs, bare.ms)
      await delay(20)
    }
    await done
    return { slowestMs, bareMs, failures }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bare[Symbol.asyncDispose]()
  }
}

async function probe(url: string): Promise<{ ok: boolean; ms: number }> {
  const started = performance.now()
  const ok = await fetch(url, { signal: AbortSignal.timeout(10_000) }).then(
    async (response) => {
      await response.text()
      return response.ok
    },
    () => false,
  )
  return { ok, ms: performance.now() - started }
}
