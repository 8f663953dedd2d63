import { setFlagsFromString } from 'node:v8'
import {
  type CliIo,
  createLogger,
  relayText,
  runProgram,
  untilAborted,
  warnAboutSecrets,
} from '@warren/runtime'
import { loadRelayConfig, relayConfig } from '../config/relay-config.ts'
import { relayLogText } from '../observe/log-text.ts'
import { startRelay } from '../relay.ts'

// Time for requests and submissions in progress to finish after the first signal, on top of RELAY_STOP_DELAY.
const DRAIN_MS = 20_000

/** Runs the relay until the process receives a signal. */
export async function serve(io: CliIo): Promise<void> {
  limitYoungGeneration()
  const config = loadRelayConfig(io.env)
  const log = createLogger({
    component: 'relay',
    level: config.logLevel,
    format: config.logFormat,
    destination: io.stderr,
    secrets: config.secrets,
    text: relayText(relayLogText),
  })
  warnAboutSecrets(log, relayConfig, config)
  await runProgram(
    'relay',
    async ({ signal, resources }) => {
      resources.use(await startRelay(config, { log, signal }))
      await untilAborted(signal)
    },
    { log, drainTimeoutMs: DRAIN_MS + config.stopDelayMs },
  )
}

/**
 * V8 would let the space for new objects grow to 48 MB under the load of 1,000 nodes, which hardly saves CPU time: what a poll
 * allocates is gone when it is answered. The flag takes effect when that space would grow next.
 */
function limitYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
