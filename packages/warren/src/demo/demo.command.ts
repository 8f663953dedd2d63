import { resolve } from 'node:path'

import { ExitCode, ProgramError, sleep, type CliIo } from '@warren/runtime'
import { Command, Option } from 'commander'

import { ask } from './ask.ts'
import { DemoScreen } from './screen.ts'
import { HOSPITALS } from './hospitals.ts'
import { Journey } from './journey.ts'
import { startNetwork, type DemoNetwork } from './network.ts'
import { outcomeDocument, type QuestionOutcome } from './outcome.ts'
import { QUESTIONS } from './questions.ts'

interface DemoOptions {
  readonly once?: true
  readonly json?: true
  readonly store?: string
  readonly queue: string
  readonly folder: string
}

const HELP = `
Examples:
  warren demo                         four hospitals, six questions; stays up until Ctrl-C
  warren demo --once                  ends by itself
  warren demo --once --json | jq      the answers as one JSON document
  warren demo --store postgres://me@localhost/warren --queue amqp://localhost
`

/** `warren demo`: a whole network in one process, asked a set of questions before your eyes. */
export function demoCommand(io: CliIo): Command {
  return new Command('demo')
    .description('start a whole network in this process and ask it questions')
    .option('--once', 'end after the questions')
    .option('--json', 'print one JSON document on stdout instead (needs --once)')
    .addOption(
      new Option('--store <url>', 'database of the relay: sqlite:FILE or postgres://…').default(
        undefined,
        'a SQLite file in the demo folder',
      ),
    )
    .option('--queue <url>', 'queue of the relay: database or amqp://…', 'database')
    .option('--folder <path>', 'where logs and the database go', '.warren/demo')
    .addHelpText('after', HELP)
    .action((options: DemoOptions) => runDemo(io, options))
}

async function runDemo(io: CliIo, options: DemoOptions): Promise<void> {
  if (options.json === true && options.once !== true) {
    throw new ProgramError('--json prints one document when everything is answered', {
      exitCode: ExitCode.usage,
      hint: 'Add --once.',
    })
  }
  // With --json the screen goes to stderr, so that stdout is the document alone.
  const screen = new DemoScreen(options.json === true ? io.stderr : io.stdout, io.env)
  const stop = new AbortController()
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(130)
    stop.abort(new DOMException('stopped', 'AbortError'))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  try {
    await demonstrate(io, options, screen, stop.signal)
  } catch (error: unknown) {
    if (!stop.signal.aborted) throw error
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

async function demonstrate(
  io: CliIo,
  options: DemoOptions,
  screen: DemoScreen,
  signal: AbortSignal,
): Promise<void> {
  const folder = resolve(options.folder)
  const logFolder = `${folder}/logs`
  let journey: Journey | undefined
  screen.title(
    'A cohort-discovery network: four hospitals, a relay and an upstream, in this process',
  )
  await using network = await startNetwork({
    folder,
    logFolder,
    store: options.store,
    queue: options.queue,
    onLogLine: (line) => journey?.observe(line),
    onStep: (step) => screen.step(step),
  })
  introduce(screen, network, options)

  const outcomes: QuestionOutcome[] = []
  for (const [index, question] of QUESTIONS.entries()) {
    signal.throwIfAborted()
    screen.question(index + 1, question)
    journey = new Journey((progress) => screen.progress(progress))
    const outcome = await ask(network, question, journey, signal)
    screen.outcome(question, journey.progress, outcome)
    outcomes.push(outcome)
  }
  if (options.json === true) {
    io.stdout.write(`${JSON.stringify(outcomeDocument(outcomes), null, 2)}\n`)
  }
  conclude(screen, network, { logFolder: options.folder, once: options.once === true })
  if (options.once !== true) {
    while (!signal.aborted) await sleep(3_600_000, signal)
    screen.line()
    screen.line('Stopping …')
  }
}

function introduce(screen: DemoScreen, network: DemoNetwork, options: DemoOptions): void {
  screen.stepsDone()
  screen.fact('upstream', network.upstream.url)
  screen.fact('relay', `${network.relayUrl}  queue ${withoutLogin(options.queue)}`)
  screen.fact(
    'hospitals',
    HOSPITALS.map(({ name, persons }) => `${name} ${persons.toLocaleString('en-GB')}`).join(' · '),
  )
  screen.fact('', 'The demo shows what each hospital answered, and the truth. A relay never does.')
}

function withoutLogin(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//')
}

function conclude(
  screen: DemoScreen,
  { upstream, relayUrl }: DemoNetwork,
  { logFolder, once }: { logFolder: string; once: boolean },
): void {
  const question = JSON.stringify({ analysis: 'DISTRIBUTION', code: 'DEMOGRAPHICS' })
  screen.line()
  screen.title('Where next')
  screen.fact('report', `npx warren report ${logFolder}/logs --format html --output health.html`)
  if (once) return
  screen.fact('ask', `curl -s -X POST '${upstream.url}/api/v1/questions?wait=25' \\`)
  screen.fact('', `  -H 'content-type: application/json' -d '${question}'`)
  screen.fact('is it well?', `curl -s ${relayUrl}/readyz`)
  screen.fact('stop', 'Ctrl-C')
}
