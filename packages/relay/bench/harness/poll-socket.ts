import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { BenchNode } from './bench-nodes.ts'

export interface PollResponse {
  readonly status: number
  readonly text: string
  /** When its first byte arrived, ms since the epoch. */
  readonly at: number
}

/** A connection of a bunny. It costs less than one of `node:http`, because it shares the machine with the relay. */
export class PollSocket implements Disposable {
  readonly #socket: Socket
  readonly #node: BenchNode

  private constructor(socket: Socket, node: BenchNode) {
    this.#socket = socket
    this.#node = node
  }

  static async open(url: string, node: BenchNode): Promise<PollSocket> {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    await once(socket, 'connect')
    return new PollSocket(socket, node)
  }

  /** Sends a poll, which is held for `waitSeconds` if that is not 0. */
  poll(waitSeconds = 0): Promise<PollResponse> {
    const prefer = waitSeconds === 0 ? {} : { Prefer: `wait=${waitSeconds}` }
    return this.#exchange('GET', this.#node.path, prefer, '')
  }

  submit(uuid: string, result: object): Promise<PollResponse> {
    const path = `/link_connector_api/task/result/${uuid}/${this.#node.collectionId}`
    const body = JSON.stringify(result)
    const headers = { 'Content-Type': 'application/json', 'Content-Length': String(body.length) }
    return this.#exchange('POST', path, headers, body)
  }

  #exchange(
    method: string,
    path: string,
    more: Readonly<Record<string, string>>,
    body: string,
  ): Promise<PollResponse> {
    const headers = Object.entries({ Host: 'relay', ...this.#node.headers, ...more })
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const response = Promise.withResolvers<PollResponse>()
    let text = ''
    let at = 0
    const onData = (chunk: Buffer): void => {
      at ||= Date.now()
      text += chunk.toString('latin1')
      const body = bodyOf(text)
      if (body === undefined) return
      this.#socket.off('data', onData).off('close', onClose)
      response.resolve({ status: Number(text.slice(9, 12)), text: body, at })
    }
    const onClose = (): void => response.reject(new Error('the connection was closed'))
    this.#socket.on('data', onData).on('close', onClose)
    this.#socket.write(`${method} ${path} HTTP/1.1\r\n${lines}\r\n${body}`)
    return response.promise
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}

/** Undefined until the body is complete. */
function bodyOf(response: string): string | undefined {
  const head = response.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(response)?.[1] ?? 0)
  const body = response.slice(head + 4)
  return body.length < length ? undefined : body
}
