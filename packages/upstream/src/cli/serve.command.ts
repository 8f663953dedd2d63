import {
  type CliIo,
  createLogger,
  runProgram,
  secretValues,
  untilAborted,
  warnAboutSecrets,
} from '@warren/runtime'
import { Command } from 'commander'
import { loadUpstreamConfig, upstreamConfig } from '../config.ts'
import { startUpstream } from '../start-upstream.ts'

const EXAMPLES = `
Examples:
  Keep questions in memory, listen on 127.0.0.1:8090:
    warren upstream serve
  Keep questions in a file:
    UPSTREAM_STORE=sqlite:upstream.db warren upstream serve
  Emulate the older commercial service:
    UPSTREAM_BEHAVIOUR=older warren upstream serve
  Create credentials for a relay or a bunny:
    warren upstream collections add north

To connect a relay, set RELAY_UPSTREAM_BASE_URL=http://127.0.0.1:8090/api/v1. To
connect a bunny, set TASK_API_BASE_URL to the same URL. Both need the credentials.

The upstream is configured by environment variables: see docs/configuration.md.`

export function serveCommand(io: CliIo): Command {
  return new Command('serve')
    .description('run the upstream until SIGTERM or Ctrl-C')
    .addHelpText('after', EXAMPLES)
    .action(async () => serve(io))
}

async function serve(io: CliIo): Promise<void> {
  const config = loadUpstreamConfig(io.env)
  const log = createLogger({
    component: 'upstream',
    level: config.logLevel,
    format: config.logFormat,
    secrets: secretValues(upstreamConfig, config),
    destination: io.stderr,
    env: io.env,
  })
  warnAboutSecrets(log, upstreamConfig, config)
  await runProgram(
    'upstream',
    async ({ signal, resources }) => {
      resources.use(await startUpstream(config, { log }))
      await untilAborted(signal)
    },
    { log },
  )
}
