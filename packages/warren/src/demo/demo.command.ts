import { resolve } from 'node:path'

import { asInvoked, ExitCode, ProgramError, shellWord, sleep, type CliIo } from '@warren/runtime'
import { Command, Option } from 'commander'

import { pathFrom, userFolder } from '../invocation.ts'
import { ask } from './ask.ts'
import { HOSPITALS } from './hospitals.ts'
import { startNetwork, type DemoNetwork } from './network.ts'
import { outcomeDocument, type QuestionOutcome } from './outcome.ts'
import { QuestionProgressTracker } from './question-progress.ts'
import { QUESTIONS } from './questions.ts'
import { DemoScreen } from './screen.ts'
import { startFailure } from './start-failure.ts'

interface DemoOptions {
  readonly once?: true
  readonly json?: true
  readonly store?: string
  readonly queue: string
  readonly folder: string
}

const HELP = `
Examples:
  warren demo                     ask six questions, and run until Ctrl-C
  warren demo --once              stop after the questions
  warren demo --once --json | jq  print the results as one JSON document
  warren demo --store postgres://me@localhost/warren --queue amqp://localhost
`

/** What a shell reports for a program ended by SIGINT or SIGTERM. */
const STOPPED = { SIGINT: 130, SIGTERM: 143 } as const

/** `warren demo`: a whole network in one process, which answers a set of questions. */
export function demoCommand(io: CliIo): Command {
  return new Command('demo')
    .description('start a whole network in this process and ask it questions')
    .option('--once', 'stop after the questions')
    .option('--json', 'print one JSON document on stdout instead (needs --once)')
    .addOption(
      new Option('--store <url>', 'database of the relay: sqlite:FILE or postgres://…').default(
        undefined,
        'a SQLite file in the demo folder',
      ),
    )
    .option('--queue <url>', 'queue of the relay: database or amqp://…', 'database')
    .option('--folder <path>', 'folder for the logs and the database', '.warren/demo')
    .addHelpText('after', HELP)
    .action((options: DemoOptions) => runDemo(io, options))
}

async function runDemo(io: CliIo, options: DemoOptions): Promise<void> {
  if (options.json === true && options.once !== true) {
    throw new ProgramError('--json needs --once: it prints one document after the last question', {
      exitCode: ExitCode.usage,
      hint: 'Add --once.',
    })
  }
  // With --json, stdout is for the document only.
  const screen = new DemoScreen(options.json === true ? io.stderr : io.stdout, io.env)
  const stop = new AbortController()
  const onSignal = (signal: keyof typeof STOPPED): void => {
    screen.clear()
    // Until all questions are answered there is nothing to shut down cleanly.
    if (stop.signal.aborted || !demo.isComplete) process.exit(STOPPED[signal])
    stop.abort(new DOMException('stopped', 'AbortError'))
  }
  const demo = new Demo(io, options, screen)
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  try {
    await demo.run(stop.signal)
  } finally {
    screen.clear()
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

class Demo {
  /** Whether all questions are answered. */
  isComplete = false
  readonly #io: CliIo
  readonly #options: DemoOptions
  readonly #screen: DemoScreen
  readonly #logFolder: string
  #tracker: QuestionProgressTracker | undefined

  constructor(io: CliIo, options: DemoOptions, screen: DemoScreen) {
    this.#io = io
    this.#options = options
    this.#screen = screen
    this.#logFolder = resolve(options.folder, 'logs')
  }

  async run(signal: AbortSignal): Promise<void> {
    const screen = this.#screen
    screen.title('A network in this process: four hospitals, a relay and an upstream')
    await using network = await this.#start()
    this.#introduce(network)
    const outcomes = await this.#askAll(network, signal)
    this.isComplete = true
    if (this.#options.json === true) {
      this.#io.stdout.write(`${JSON.stringify(outcomeDocument(outcomes), null, 2)}\n`)
    }
    this.#conclude(network)
    if (this.#options.once === true) return
    while (!signal.aborted) await sleep(3_600_000, signal)
    screen.line()
    screen.line('Stopping …')
  }

  async #start(): Promise<DemoNetwork> {
    const { folder, store, queue } = this.#options
    let step = 'preparing the folder'
    try {
      return await startNetwork({
        folder: resolve(folder),
        logFolder: this.#logFolder,
        store,
        queue,
        onLogLine: (line) => this.#tracker?.observe(line),
        onStep: (started) => {
          step = started
          this.#screen.step(started)
        },
      })
    } catch (error: unknown) {
      throw startFailure(error, step, this.#typed(this.#logFolder))
    } finally {
      this.#screen.clear()
    }
  }

  #introduce({ upstream, relayUrl }: DemoNetwork): void {
    const screen = this.#screen
    const hospitals = HOSPITALS.map(
      ({ name, persons }) => `${name} ${persons.toLocaleString('en-GB')}`,
    )
    screen.fact('upstream', upstream.url)
    screen.fact('relay', `${relayUrl}, queue: ${withoutLogin(this.#options.queue)}`)
    screen.fact('patients', hospitals.join(', '))
    screen.line()
    screen.paragraph(
      'The demo shows the result of each hospital and the true count. A relay reveals neither.',
    )
  }

  async #askAll(network: DemoNetwork, signal: AbortSignal): Promise<QuestionOutcome[]> {
    const screen = this.#screen
    const logFolder = this.#typed(this.#logFolder)
    const outcomes: QuestionOutcome[] = []
    for (const [index, question] of QUESTIONS.entries()) {
      screen.question(index + 1, question)
      const tracker = new QuestionProgressTracker((progress) => screen.progress(progress))
      this.#tracker = tracker
      const outcome = await ask(network, question, { tracker, logFolder, signal })
      screen.outcome(question, tracker.progress, outcome)
      outcomes.push(outcome)
    }
    return outcomes
  }

  #conclude({ upstream, relayUrl }: DemoNetwork): void {
    const screen = this.#screen
    const logs = this.#typed(this.#logFolder)
    screen.line()
    screen.title('What to try next')
    screen.command(
      'Find out from the logs why lakeview could not answer a question:',
      asInvoked(`warren report ${logs} --output health.html`, this.#io.invocation),
    )
    if (this.#options.once === true) return
    const question = JSON.stringify({ analysis: 'DISTRIBUTION', code: 'DEMOGRAPHICS' })
    const url = `${upstream.url}/api/v1/questions?wait=25`
    screen.command(
      'Ask a question:',
      `curl -s -X POST '${url}' -H 'content-type: application/json' -d '${question}'`,
    )
    screen.command('Check that the relay is ready:', `curl -s ${relayUrl}/readyz`)
    screen.line()
    screen.paragraph('The network runs until you press Ctrl-C.')
  }

  /** The path to type in the folder where the user started the demo. */
  #typed(path: string): string {
    const { env } = this.#io
    return shellWord(pathFrom(userFolder({ env, cwd: () => process.cwd() }), path))
  }
}

function withoutLogin(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//')
}
