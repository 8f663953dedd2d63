import { rm, writeFile } from 'node:fs/promises'
import type { Health } from '@warren/runtime'

/**
 * Writes a file every few seconds while the bunny is ready, and removes it when it is not, for probes that run a command:
 * the file exists and is younger than a minute. A folder that cannot be written to is a probe that fails.
 */
export function keepHealthFile(path: string, health: Health, everyMs = 10_000): AsyncDisposable {
  let running: Promise<void> | undefined
  const update = async (): Promise<void> => {
    const { ok } = await health.ready()
    await (ok ? writeFile(path, `${new Date().toISOString()}\n`) : rm(path, { force: true }))
  }
  const tick = (): void => {
    // A check that hangs must not pile up.
    running ??= update()
      .catch(() => {})
      .finally(() => {
        running = undefined
      })
  }
  tick()
  const timer = setInterval(tick, everyMs)
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await running
      await rm(path, { force: true }).catch(() => {})
    },
  }
}
