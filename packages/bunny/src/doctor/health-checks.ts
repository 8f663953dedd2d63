import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import type { BunnyConfig } from '../config.ts'
import type { Checklist } from './checklist.ts'
import { codeOf } from './connection-problem.ts'
import { findFolder } from './site-checks.ts'
import { failed, ok, type Finding } from './step.ts'

/** Where probes ask, if it is configured: without the address the daemon does not start, and without the file no probe passes. */
export async function checkHealth(
  list: Checklist,
  { healthAddress, healthFile }: BunnyConfig,
): Promise<void> {
  if (healthAddress !== undefined) {
    const { host, port } = healthAddress
    const title = `health address ${host}:${String(port)}`
    const name = { id: 'health.address', area: 'configuration', title } as const
    await list.run(name, (signal) => findAddress(host, port, signal))
  }
  if (healthFile !== undefined) {
    const name = { id: 'health.file', area: 'state', title: 'folder of the health file' } as const
    await list.run(name, () => findExisting(dirname(healthFile)))
  }
}

async function findExisting(folder: string): Promise<Finding> {
  const isThere = await stat(folder).catch(() => undefined)
  if (isThere !== undefined) return await findFolder(folder, 'BUNNY_HEALTH_FILE')
  return failed(`${folder} does not exist`, 'Create the folder in BUNNY_HEALTH_FILE.')
}

async function findAddress(host: string, port: number, signal: AbortSignal): Promise<Finding> {
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
    return ok('free')
  } catch (error: unknown) {
    const code = codeOf(error)
    if (code === 'EADDRINUSE' && (await isServedByBunny(host, port, signal))) {
      return ok('in use by a running bunny')
    }
    return failed(
      `cannot be used (${code})`,
      'Choose an address of this machine and a free port for BUNNY_HEALTH_ADDRESS, or unset it.',
    )
  } finally {
    server.close()
  }
}

async function isServedByBunny(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  const at = host.includes(':') ? `[${host}]` : host
  try {
    const response = await fetch(`http://${at}:${String(port)}/metrics`, { signal })
    return (await response.text()).includes('warren_bunny_build_info')
  } catch {
    return false
  }
}
