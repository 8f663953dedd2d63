import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { until } from '../until.ts'

/** Passes the socket of the service manager to the workers that vitest starts. */
export const MANAGER_VARIABLE = 'WARREN_TEST_MANAGER'

export interface ManagerProcess {
  readonly socketPath: string
  /** Ends the services and removes their folders. */
  stop(): Promise<void>
}

/** Starts a service manager, and returns before it is ready: its first caller waits. */
export async function startManager(): Promise<ManagerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'warren-test-'))
  // PostgreSQL does not run as root, and its user must be able to enter this folder.
  await chmod(folder, 0o711)
  const socketPath = join(folder, 'manager.sock')
  const log = openSync(join(folder, 'manager.log'), 'a')
  const program = new URL('main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [program, socketPath], {
    // Ctrl-C is sent to a whole process group, and the services must outlive the tests that use them.
    detached: true,
    stdio: ['pipe', log, log],
  })
  closeSync(log)
  child.on('error', () => {})
  child.unref()
  unrefPipe(child)
  return { socketPath, stop: () => stopManager(child) }
}

async function stopManager(child: ChildProcess): Promise<void> {
  child.stdin?.end()
  await until(() => child.exitCode !== null || child.signalCode !== null, {
    timeoutMs: 30_000,
    what: 'the services to end',
  })
}

/** The pipe must close with this process, and must not keep it alive. */
function unrefPipe(child: ChildProcess): void {
  const pipe: unknown = child.stdin
  if (typeof pipe === 'object' && pipe !== null && 'unref' in pipe) {
    if (typeof pipe.unref === 'function') pipe.unref()
  }
}

let ownManager: Promise<ManagerProcess> | undefined

/** Calls the service manager of the run, or one of this process if the run has none. */
export async function callManager(path: string): Promise<unknown> {
  const shared = process.env[MANAGER_VARIABLE]
  if (shared === undefined) ownManager ??= startManager()
  const socketPath = shared ?? (await ownManager)?.socketPath ?? ''
  await until(() => existsSync(socketPath), { what: 'the service manager' }).catch(
    (error: unknown) => {
      const log = join(dirname(socketPath), 'manager.log')
      const detail = existsSync(log) ? readFileSync(log, 'utf8') : `${log} is missing`
      throw new Error(`the service manager is not running:\n${detail}`, {
        cause: error,
      })
    },
  )
  return post(socketPath, path)
}

function post(socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, method: 'POST' }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(body))
        else reject(new Error(errorText(body)))
      })
      response.on('error', reject)
    })
    call.on('error', reject)
    call.end()
  })
}

function errorText(body: string): string {
  const parsed: unknown = JSON.parse(body)
  const known = typeof parsed === 'object' && parsed !== null && 'error' in parsed
  return known ? String(parsed.error) : body
}
