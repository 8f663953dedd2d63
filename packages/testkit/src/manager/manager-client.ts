import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { until } from '../until.ts'

/** Names the socket of the run's manager to the workers that vitest starts. */
export const MANAGER_VARIABLE = 'WARREN_TEST_MANAGER'

export interface ManagerProcess {
  readonly socketPath: string
  /** Ends the services and removes their folders. */
  stop(): Promise<void>
}

/** Starts a manager. It needs no answer to be of use: whoever asks it first waits. */
export async function startManager(): Promise<ManagerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'warren-test-'))
  // PostgreSQL runs as another user than root and has to get to its folder in here.
  await chmod(folder, 0o711)
  const socketPath = join(folder, 'manager.sock')
  const log = openSync(join(folder, 'manager.log'), 'a')
  const program = new URL('main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [program, socketPath], {
    // Ctrl-C goes to a whole process group; services have to outlive the tests that use them.
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

/** The pipe is only there to close with this process, not to keep it alive. */
function unrefPipe(child: ChildProcess): void {
  const pipe: unknown = child.stdin
  if (typeof pipe === 'object' && pipe !== null && 'unref' in pipe) {
    if (typeof pipe.unref === 'function') pipe.unref()
  }
}

let ownManager: Promise<ManagerProcess> | undefined

/** Asks the run's manager, or one of this process alone when the run has none. */
export async function callManager(path: string): Promise<unknown> {
  const shared = process.env[MANAGER_VARIABLE]
  if (shared === undefined) ownManager ??= startManager()
  const socketPath = shared ?? (await ownManager)?.socketPath ?? ''
  await until(() => existsSync(socketPath), { what: 'the manager of services' }).catch(
    (error: unknown) => {
      const log = join(dirname(socketPath), 'manager.log')
      const detail = existsSync(log) ? readFileSync(log, 'utf8') : `${log} is missing`
      throw new Error(`The manager of the test services is not running:\n${detail}`, {
        cause: error,
      })
    },
  )
  return post(socketPath, path)
}

function post(socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path, method: 'POST' }, (response) => {
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
    asking.on('error', reject)
    asking.end()
  })
}

function errorText(body: string): string {
  const parsed: unknown = JSON.parse(body)
  const known = typeof parsed === 'object' && parsed !== null && 'error' in parsed
  return known ? String(parsed.error) : body
}
