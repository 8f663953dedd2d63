import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ClientConfig } from 'pg'

/** The code of a cancel request, in place of a protocol version. */
const CANCEL_REQUEST = 80_877_102
const SSL_REQUEST = 80_877_103

/**
 * Asks the server to cancel what `client` runs, with the cancel request of the protocol, over the connection that `config`
 * describes. A pooler forwards it to the server that runs the statement, while the process ID for `pg_cancel_backend`
 * would be one that the pooler made up. Resolves when the server has closed the connection, or after `withinMs`. Failures
 * are ignored: the statement has a timeout as well.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export async function cancelStatement(
  client: object,
  config: ClientConfig,
  withinMs: number,
): Promise<void> {
  const processId = 'processID' in client ? client.processID : undefined
  const secretKey = 'secretKey' in client ? client.secretKey : undefined
  if (typeof processId !== 'number' || typeof secretKey !== 'number') return
  const { host = 'localhost', port = 5432 } = config
  const isPath = host.startsWith('/')
  const socket = isPath ? connect(`${host}/.s.PGSQL.${String(port)}`) : connect(port, host)
  const timer = setTimeout(() => socket.destroy(), withinMs)
  try {
    await once(socket, 'connect')
    const secured = await secure(socket, config, host)
    // The server closes the connection. A pooler may not forward the request of a client that closes it first.
    secured.write(message(CANCEL_REQUEST, processId, secretKey))
    secured.resume()
    await once(secured, 'close')
  } catch {
    // The timeout of the statement ends it.
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

/** Some poolers take requests over TLS only if they take sessions over TLS only. */
async function secure(socket: Socket, { ssl }: ClientConfig, host: string): Promise<Socket> {
  if (ssl === undefined || ssl === false) return socket
  socket.write(message(SSL_REQUEST))
  const [answer] = await once(socket, 'data')
  if (!(answer instanceof Buffer) || answer.toString() !== 'S') return socket
  const options = ssl === true ? {} : ssl
  const secured = connectTls({ host, servername: host, ...options, socket })
  await once(secured, 'secureConnect')
  return secured
}

/** A message of 32-bit integers, after its own length. */
function message(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * (numbers.length + 1))
  for (const [index, number] of [bytes.length, ...numbers].entries()) {
    bytes.writeInt32BE(number | 0, 4 * index)
  }
  return bytes
}
