import {
  bindCommand,
  type CliIo,
  columnsOf,
  ExitCode,
  progressBar,
  type ProgressBar,
} from '@warren/runtime'
import { Command, InvalidArgumentError, Option } from 'commander'
import { hasPassed, removeLogs, reportJson, reportText } from './chaos-report.ts'
import { FAULT_KINDS, type FaultName, isFaultName } from './fault-kinds.ts'
import { runChaos } from './run-chaos.ts'

const DETAILS = `
Starts a private network: two relays (one with SQLite) on their own database and
broker, two upstreams, scripted nodes with known answers and real bunnies. Asks
questions while processes are killed and frozen, connections are cut and stalled,
clocks are wrong and disks are full. Then compares every accepted result with
the truth. Everything runs on this machine and is removed afterwards.

Exit codes: 0 if no task was lost, wrong, stuck or submitted twice, otherwise 1.
The same seed and options give the same tasks and faults.`

interface Flags {
  readonly seed: number
  readonly tasks: number
  readonly minutes: number
  readonly store: 'postgres' | 'sqlite'
  readonly queue: 'database' | 'rabbitmq'
  readonly only?: readonly FaultName[]
  readonly json?: boolean
  readonly keep?: boolean
}

/** `chaos`. Failures are thrown, for `printFailure` of @warren/runtime. */
export function chaosCommand(io: CliIo, signal: AbortSignal): Command {
  const command = new Command('chaos')
    .description('ask a network questions while its parts fail, and check every result')
    .option('--seed <number>', 'seed of the plan', wholeNumber, 1)
    .option('--tasks <number>', 'number of questions', wholeNumber, 200)
    .option('--minutes <number>', 'time in which they are asked', positiveNumber, 2)
    .addOption(
      new Option('--store <name>', 'database of the relays')
        .choices(['postgres', 'sqlite'])
        .default('postgres'),
    )
    .addOption(
      new Option('--queue <name>', 'queue of the relays')
        .choices(['database', 'rabbitmq'])
        .default('rabbitmq'),
    )
    .option('--only <faults>', 'only these faults, separated by commas', faultNames)
    .option('--keep', 'keep the logs of a run that passed')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', DETAILS)
    .addHelpText('after', `\nFaults:\n${faultLines()}`)
    .action(async (flags: Flags) => run(io, flags, signal))
  bindCommand(command, io)
  return command
}

async function run(io: CliIo, flags: Flags, signal: AbortSignal): Promise<void> {
  const command = commandOf(flags)
  let bar: ProgressBar | undefined
  const report = await runChaos({
    ...flags,
    signal,
    onStep: (text) => {
      bar?.stop()
      bar = undefined
      if (flags.json !== true) io.stderr.write(`${text}\n`)
      if (text !== 'asking') return
      bar = progressBar({ title: 'accepted', total: flags.tasks, stream: io.stderr, env: io.env })
    },
    onProgress: (accepted) => bar?.update(accepted),
  }).finally(() => bar?.stop())
  if (flags.json === true) {
    io.stdout.write(`${JSON.stringify(reportJson(report, command), undefined, 2)}\n`)
  } else {
    const columns = Math.min(columnsOf(io.stdout, io.env), 100)
    io.stdout.write(reportText(report, { columns, command }))
  }
  if (!hasPassed(report)) process.exitCode = ExitCode.failure
  else if (flags.keep !== true) await removeLogs(report)
  if (flags.keep === true) io.stderr.write(`Logs: ${report.logFolder}\n`)
}

function commandOf({ seed, tasks, minutes, store, queue, only }: Flags): string {
  const faults = only === undefined ? '' : ` --only '${only.join(',')}'`
  return `npm run chaos -- --seed ${seed} --tasks ${tasks} --minutes ${minutes} --store ${store} --queue ${queue}${faults}`
}

function faultLines(): string {
  return Object.entries(FAULT_KINDS)
    .map(([name, { description }]) => `  ${name.padEnd(20)}${description}`)
    .join('\n')
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.')
  return Number(text)
}

function positiveNumber(text: string): number {
  const number = Number(text)
  if (!(number > 0 && number <= 600)) throw new InvalidArgumentError('Expected 0 to 600.')
  return number
}

function faultNames(text: string): FaultName[] {
  return text.split(',').map((name) => {
    const trimmed = name.trim()
    if (!isFaultName(trimmed)) throw new InvalidArgumentError(`unknown fault "${trimmed}".`)
    return trimmed
  })
}
