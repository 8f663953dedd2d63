import { type CliIo, createLogger, runProgram, secretValues, untilAborted } from '@warren/runtime'
import { Command } from 'commander'
import { loadUpstreamConfig, upstreamConfig } from '../config.ts'
import { startUpstream } from '../start-upstream.ts'

const EXAMPLES = `
Examples:
  warren upstream serve                                       questions in memory, on 127.0.0.1:8090
  UPSTREAM_STORE=sqlite:upstream.db warren upstream serve     questions survive a restart
  UPSTREAM_BEHAVIOUR=older warren upstream serve              the manners of the older commercial service

A relay or a bunny reaches it with TASK_API_BASE_URL=http://127.0.0.1:8090/api/v1 and a login from
"warren upstream collections add". All settings are environment variables, UPSTREAM_HOST and so on.`

export function serveCommand(io: CliIo): Command {
  return new Command('serve')
    .description('run the server')
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
  })
  await runProgram(
    'upstream',
    async ({ signal, resources }) => {
      resources.use(await startUpstream(config, { log }))
      await untilAborted(signal)
    },
    { log },
  )
}
