import { setup, teardown } from './global-setup.ts'
import { MANAGER_VARIABLE } from './manager/manager-client.ts'

/**
 * For programs outside vitest, such as benchmarks: makes `createDatabase` and `createVhost` work until it is disposed. Uses
 * the services of the program that started this one, if there are any.
 */
export async function startServices(): Promise<AsyncDisposable> {
  if (process.env[MANAGER_VARIABLE] !== undefined) return { [Symbol.asyncDispose]: async () => {} }
  await setup()
  return { [Symbol.asyncDispose]: teardown }
}
