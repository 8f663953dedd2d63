import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { pythonHeaders } from './bare-client.ts'

export interface LoginFloodOptions {
  readonly url: string
  readonly connections: number
  /** Loopback addresses to connect from: 127.0.0.2 and the following ones. Default 1. */
  readonly addresses?: number
  /** Requests sent on each connection before the first response is read. Default 1. */
  readonly pipelined?: number
}

const COLLECTION = '3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a11'

/** Logs in with a new unknown user name in every request, as fast as the relay responds, until it is disposed. */
export class LoginFlood implements AsyncDisposable {
  readonly #options: LoginFloodOptions
  readonly #sockets = new Set<Socket>()
  #stopped = false
  #names = 0
  /** Responses received. */
  responses = 0

  constructor(options: LoginFloodOptions) {
    this.#options = options
    for (let index = 0; index < options.connections; index += 1) this.#open(index)
  }

  #open(index: number): void {
    if (this.#stopped) return
    const { url, addresses = 1, pipelined = 1 } = this.#options
    const { hostname, port } = new URL(url)
    const localAddress = `127.0.${(index % addresses) >> 7}.${2 + ((index % addresses) & 127)}`
    const socket = connect({ host: hostname, port: Number(port), localAddress, noDelay: true })
    this.#sockets.add(socket)
    socket.setEncoding('latin1')
    socket.on('connect', () => socket.write(this.#requests(pipelined)))
    socket.on('data', (text: string) => {
      const responses = text.split('HTTP/1.1 ').length - 1
      this.responses += responses
      if (responses > 0 && !this.#stopped) socket.write(this.#requests(responses))
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      setTimeout(() => this.#open(index), 20).unref()
    })
  }

  #requests(count: number): string {
    return Array.from({ length: count }, () => this.#request()).join('')
  }

  #request(): string {
    const headers = pythonHeaders(`nobody-${(this.#names += 1)}`, 'a guess')
    const lines = Object.entries({ Host: 'relay', ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    )
    return `GET /link_connector_api/task/nextjob/${COLLECTION} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    await Promise.all(
      [...this.#sockets].map(async (socket) => {
        socket.destroy()
        // A socket that the relay resets at the same moment is closed all the same.
        if (!socket.closed) await once(socket, 'close').catch(() => {})
      }),
    )
  }
}
