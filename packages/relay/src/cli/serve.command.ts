import {
  type CliIo,
  createLogger,
  relayText,
  releaseStartMemory,
  runProgram,
  untilAborted,
  warnAboutSecrets,
} from '@warren/runtime'
import { ineffectiveVariables } from '../config/dotnet-variables.ts'
import { loadRelayConfig, relayConfig } from '../config/relay-config.ts'
import { relayLogText } from '../observe/log-text.ts'
import { startRelay } from '../relay.ts'

// Time for requests and submissions in progress to finish after the first signal, on top of RELAY_STOP_DELAY.
const DRAIN_MS = 20_000

/** Runs the relay until the process receives a signal. */
export async function serve(io: CliIo): Promise<void> {
  releaseStartMemory()
  const config = loadRelayConfig(io.env)
  const log = createLogger({
    component: 'relay',
    level: config.logLevel,
    format: config.logFormat,
    destination: io.stderr,
    env: io.env,
    secrets: config.secrets,
    text: relayText(relayLogText),
  })
  warnAboutSecrets(log, relayConfig, config)
  for (const { name, detail, hint } of ineffectiveVariables(io.env)) {
    log.warn({ variable: name, detail, hint }, 'configuration warning')
  }
  await runProgram(
    'relay',
    async ({ signal, resources }) => {
      resources.use(await startRelay(config, { log, signal }))
      await untilAborted(signal)
    },
    { log, drainTimeoutMs: DRAIN_MS + config.stopDelayMs },
  )
}
