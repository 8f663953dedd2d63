// The reference: the least that a server of Node.js can do for an empty poll, and for a held one.
import { createServer, type ServerResponse } from 'node:http'

const held = new Set<ServerResponse>()
const server = createServer((request, response) => {
  if (request.headers['prefer'] !== undefined) {
    held.add(response)
    return
  }
  response.writeHead(204)
  response.end()
})
server.listen(Number(process.env['PORT']), '127.0.0.1')
process.once('SIGTERM', () => process.exit())
