// A server that answers every request at once, in a process of its own: what it takes is due to the machine.
import { createServer } from 'node:http'

const server = createServer((_request, response) => response.end('ok'))
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.stderr.write('listening\n'))
