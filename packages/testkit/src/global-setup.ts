import { MANAGER_VARIABLE, startManager, type ManagerProcess } from './manager/manager-client.ts'
import { installServices } from './services/install-services.ts'
import { inCi } from './services/requirement.ts'

let manager: ManagerProcess | undefined

/** For `globalSetup` of vitest: one service manager for the whole run. It starts a service when a suite first needs it. */
export async function setup(): Promise<void> {
  if (inCi()) installServices()
  manager = await startManager()
  process.env[MANAGER_VARIABLE] = manager.socketPath
}

export async function teardown(): Promise<void> {
  await manager?.stop()
}
