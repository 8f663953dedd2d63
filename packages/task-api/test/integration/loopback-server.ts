import { type RequestListener, type Server, createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type Server as TcpServer, type Socket, createServer as createTcpServer } from 'node:net'
import { onTestFinished } from 'vitest'
import { TaskApiClient, TaskApiError, type TaskApiClientOptions } from '../../src/index.ts'

export const PASSWORD = 'correct-horse'
export const COLLECTION = 'RQ-CC-1234'

async function listen(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('has no port')
  return address.port
}

/** An HTTP server on loopback for the duration of one test, with its `host:port`. */
export async function httpServer(
  listener: RequestListener,
  tls?: { key: string; cert: string },
): Promise<{ host: string; server: Server }> {
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { host: `127.0.0.1:${await listen(server)}`, server }
}

/** A TCP server that calls `serve` for each connection. */
export async function tcpServer(serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    serve(socket)
  })
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return `127.0.0.1:${await listen(server)}`
}

/** A port without a listener. */
export async function closedPort(): Promise<string> {
  const server = createTcpServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return `127.0.0.1:${port}`
}

export function clientFor(
  baseUrl: string,
  options: Partial<TaskApiClientOptions> = {},
): TaskApiClient {
  const client = new TaskApiClient({
    baseUrl,
    username: 'user',
    password: PASSWORD,
    collection: COLLECTION,
    userAgent: 'warren-test/1.0',
    env: {},
    ...options,
  })
  onTestFinished(() => client[Symbol.asyncDispose]())
  return client
}

export async function errorOf(work: Promise<unknown>): Promise<TaskApiError> {
  try {
    await work
  } catch (error: unknown) {
    if (error instanceof TaskApiError) return error
    throw error
  }
  throw new Error('did not fail')
}
