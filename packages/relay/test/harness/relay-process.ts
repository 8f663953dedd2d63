import { fileURLToPath } from 'node:url'
import { freePort, ServerProcess } from '@warren/testkit'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const SKEWED_CLOCK = fileURLToPath(new URL('./skewed-clock.ts', import.meta.url))

/** Starts a relay as a process of its own. `skewMs` shifts its wall clock; several are used one after the other, on SIGUSR2. */
export async function startRelayProcess(
  env: NodeJS.ProcessEnv,
  { skewMs = 0 }: { skewMs?: number | readonly number[] } = {},
): Promise<ServerProcess> {
  const port = await freePort()
  const skew = skewMs === 0 ? [] : ['--import', SKEWED_CLOCK]
  return ServerProcess.start({
    url: `http://127.0.0.1:${port}`,
    args: [...skew, MAIN, 'serve'],
    env: {
      RELAY_HOST: '127.0.0.1',
      RELAY_PORT: String(port),
      TEST_CLOCK_SKEW_MS: String(skewMs),
      ...env,
    },
    ready: 'relay started',
  })
}
