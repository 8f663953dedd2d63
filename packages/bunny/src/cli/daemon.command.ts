import { setFlagsFromString } from 'node:v8'
import {
  releaseStartMemory,
  runProgram,
  untilAborted,
  warnAboutSecrets,
  type CliIo,
} from '@warren/runtime'
import { serializeResultBytes, type EncodedResult } from '@warren/task-api'
import { Command } from 'commander'
import { FINAL_SUBMISSION_MS, startBunny } from '../bunny.ts'
import { bunnyConfig, loadBunnyConfig } from '../config.ts'
import { summarise } from '../output/result-summary.ts'
import { programLog } from './program-log.ts'

/** Time between the end of our own timeouts and the forced end of the process. */
const SLACK_MS = 5000

/** The space for new objects stays as it is. It would grow to 48 MB, and keep the memory of what was read from the database. */
const keepHeapSmall = (): void => setFlagsFromString('--semi-space-growth-factor=1')

export function daemonCommand(io: CliIo): Command {
  return new Command('daemon')
    .description('poll the relay for tasks and answer them until SIGTERM or Ctrl-C')
    .option(
      '--dry-run',
      'print what would leave instead of sending it; the relay hands each task out again',
    )
    .action(async (options: { dryRun?: true }) => {
      keepHeapSmall()
      const config = loadBunnyConfig(io.env)
      const log = programLog(bunnyConfig, config, io)
      warnAboutSecrets(log, bunnyConfig, config)
      const printResult = (result: EncodedResult): void => {
        const isForPeople = io.stdout.isTTY === true
        const text = isForPeople
          ? summarise(result, io)
          : `${serializeResultBytes(result).toString()}\n`
        io.stdout.write(text)
      }
      await runProgram(
        'bunny',
        async ({ signal, resources }) => {
          const bunny = resources.use(
            await startBunny(config, {
              log,
              signal,
              env: io.env,
              ...(options.dryRun === true ? { onDryRun: printResult } : {}),
            }),
          )
          releaseStartMemory()
          await Promise.race([untilAborted(signal), bunny.ended])
        },
        { log, drainTimeoutMs: config.shutdownTimeoutMs + FINAL_SUBMISSION_MS + SLACK_MS },
      )
    })
}
