import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A connection on which a test sends exactly the bytes it wants. */
export class RawClient implements Disposable {
  readonly socket: Socket
  #received = ''
  #closed = false

  constructor(url: string) {
    const { hostname, port } = new URL(url)
    this.socket = connect({ host: hostname.replace(/^\[(.+)\]$/, '$1'), port: Number(port) })
    this.socket.on('data', (data: Buffer) => (this.#received += data.toString('latin1')))
    // A connection that the relay closes is an outcome, not a failure of the test.
    this.socket.on('error', () => {})
    this.socket.once('close', () => (this.#closed = true))
  }

  /** Everything received so far. */
  get received(): string {
    return this.#received
  }

  get closed(): boolean {
    return this.#closed
  }

  send(bytes: string | Buffer): this {
    if (this.socket.writable) this.socket.write(bytes)
    return this
  }

  /** Resolves to the status of the first response, or to 'closed'. */
  async status(timeoutMs = 10_000): Promise<number | 'closed' | 'silent'> {
    const until = performance.now() + timeoutMs
    for (;;) {
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(this.#received)?.[1]
      if (status !== undefined) return Number(status)
      if (this.#closed) return 'closed'
      const leftMs = until - performance.now()
      if (leftMs <= 0) return 'silent'
      const signal = AbortSignal.timeout(Math.ceil(leftMs))
      await Promise.race([
        once(this.socket, 'data', { signal }),
        once(this.socket, 'close', { signal }),
      ]).catch(() => {})
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}
