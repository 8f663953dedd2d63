// The process that owns the services of a test run. It ends them when its standard input closes, which happens when the
// run ends for any reason, even by kill -9.
import { renameSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { dirname } from 'node:path'
import { inspect } from 'node:util'

import { ServiceManager, type PrivateAction } from './service-manager.ts'

const socketPath = process.argv[2]
if (socketPath === undefined) throw new Error('usage: main.ts SOCKET')
const folder = dirname(socketPath)
const manager = new ServiceManager(folder)

const ACTIONS: readonly PrivateAction[] = [
  'start',
  'stop',
  'kill',
  'remove',
  'raiseAlarm',
  'clearAlarm',
]

async function handle(request: IncomingMessage): Promise<unknown> {
  const [subject, detail, verb] = (request.url ?? '').split('/').slice(1)
  if (subject === 'postgres') return manager.postgres()
  if (subject === 'rabbit') return manager.rabbit()
  if (subject === 'vhost') return manager.vhost()
  if (subject === 'limited-user' && detail !== undefined && verb !== undefined) {
    return manager.limitedUser(detail, decodeURIComponent(verb))
  }
  if (subject === 'private' && (detail === 'postgres' || detail === 'rabbit')) {
    return manager.createPrivate(detail)
  }
  if (subject === 'private' && detail !== undefined && verb === 'standby') {
    return manager.createStandby(detail)
  }
  const action = ACTIONS.find((known) => known === verb)
  if (subject === 'private' && detail !== undefined && action !== undefined) {
    await manager.act(detail, action)
    return {}
  }
  throw new Error(`unknown request "${request.method ?? ''} ${request.url ?? ''}"`)
}

const server = createServer((request, response) => {
  handle(request).then(
    (body) => response.end(JSON.stringify(body)),
    (error: unknown) => {
      response.writeHead(500).end(JSON.stringify({ error: inspect(error) }))
    },
  )
})
// A socket file exists shortly before its server listens, so it gets its final name only after that.
const temporaryPath = `${socketPath}.new`
server.listen(temporaryPath, () => renameSync(temporaryPath, socketPath))

let stopping = false
async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  server.close()
  await manager.stop()
  await rm(folder, { recursive: true, force: true })
  process.exit(0)
}

process.stdin.resume()
process.stdin.on('end', () => void stop())
process.stdin.on('error', () => void stop())
process.on('SIGTERM', () => void stop())
