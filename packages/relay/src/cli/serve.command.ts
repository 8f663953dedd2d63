import { type CliIo, createLogger, relayText, runProgram, untilAborted } from '@warren/runtime'
import { loadRelayConfig } from '../config/relay-config.ts'
import { relayLogText } from '../observe/log-text.ts'
import { startRelay } from '../relay.ts'

// What is under way at the first signal, deliveries above all, gets this long on top of the configured delay.
const DRAIN_MS = 20_000

/** Runs the hub as the whole of this process. */
export async function serve(io: CliIo): Promise<void> {
  const config = loadRelayConfig(io.env)
  const log = createLogger({
    component: 'relay',
    level: config.logLevel,
    format: config.logFormat,
    destination: io.stderr,
    secrets: config.secrets,
    text: relayText(relayLogText),
  })
  await runProgram(
    'relay',
    async ({ signal, resources }) => {
      resources.use(await startRelay(config, { log, signal }))
      await untilAborted(signal)
    },
    { log, drainTimeoutMs: DRAIN_MS + config.stopDelayMs },
  )
}
