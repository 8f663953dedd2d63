import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describePostgres, describeRabbit } from '@warren/testkit'
import { expect, it } from 'vitest'

const MAIN = fileURLToPath(new URL('../../chaos/main.ts', import.meta.url))
const TIMEOUT_MS = 240_000

/** A run in its own process, whose services and folders end with it. */
function chaos(...args: readonly string[]): Promise<{ code: unknown; output: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, ...args],
      { timeout: TIMEOUT_MS, env: { PATH: process.env['PATH'] } },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : (error.code ?? error.signal)
        resolve({ code, output: `${stdout}${stderr}` })
      },
    )
  })
}

describePostgres('a network whose parts fail', () => {
  describeRabbit('with RabbitMQ', () => {
    it(
      'answers every task once and with the true figures',
      async () => {
        const { code, output } = await chaos('--seed', '7', '--tasks', '80', '--minutes', '0.4')
        expect(code, output).toBe(0)
      },
      TIMEOUT_MS + 30_000,
    )
  })
})
