// The reference for an empty poll: the least that a server of Node.js can do for a request.
import { createServer } from 'node:http'

const server = createServer((_request, response) => {
  response.writeHead(204)
  response.end()
})
server.listen(Number(process.env['PORT']), '127.0.0.1')
process.once('SIGTERM', () => process.exit())
