// The reference: the least that a server of Node.js can do for an empty poll, and for a held one. A POST releases all held requests with the
// body that it contains.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

const held = new Set<ServerResponse>()
const server = createServer((request, response) => {
  if (request.method === 'POST') {
    void release(request, response)
    return
  }
  if (request.headers['prefer'] !== undefined) {
    held.add(response)
    return
  }
  response.writeHead(204)
  response.end()
})

async function release(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request)
  response.end()
  const type = 'application/json; charset=utf-8'
  for (const waiting of held) {
    waiting.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
    waiting.end(body)
  }
  held.clear()
}

// A held connection is idle between two rounds.
server.keepAliveTimeout = 120_000
server.listen(Number(process.env['PORT']), '127.0.0.1')
process.once('SIGTERM', () => process.exit())
