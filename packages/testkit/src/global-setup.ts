import { KEEPER_VARIABLE, startKeeper, type KeeperProcess } from './keeper/keeper-client.ts'
import { installServices } from './services/install-services.ts'
import { inCi } from './services/requirement.ts'

let keeper: KeeperProcess | undefined

/** For vitest's `globalSetup`: one keeper of services for the whole run. None is started until a suite needs it. */
export async function setup(): Promise<void> {
  if (inCi()) installServices()
  keeper = await startKeeper()
  process.env[KEEPER_VARIABLE] = keeper.socketPath
}

export async function teardown(): Promise<void> {
  await keeper?.stop()
}
