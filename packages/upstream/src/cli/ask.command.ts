import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { isJsonObject, type JsonObject } from '@warren/task-api'
import {
  type CliIo,
  ExitCode,
  ProgramError,
  durationSetting,
  fileErrorReason,
} from '@warren/runtime'
import { Command, InvalidArgumentError, Option } from 'commander'
import { loadUpstreamConfig } from '../config.ts'
import type { QuestionView } from '../http/question-view.ts'
import { formatAnswer, toCsv, toJson } from './question-output.ts'
import { Spinner } from './spinner.ts'
import { UpstreamClient } from './upstream-client.ts'

interface AskOptions {
  collection?: string
  url?: string
  timeout?: number
  json?: true
  csv?: true
}

const EXAMPLES = `
The file contains a whole task, or only its cohort, or only its analysis and code:
  {"cohort": {"groups_oper": "OR", "groups": [{"rules_oper": "AND", "rules": [
    {"varcat": "Person", "varname": "OMOP", "oper": "=", "value": "8507"}]}]}}
  {"analysis": "DISTRIBUTION", "code": "GENERIC"}

Examples:
  warren upstream ask men.json
  warren upstream ask men.json --collection north --json
  warren upstream ask codes.json --csv > codes.csv
  echo '{"analysis":"DISTRIBUTION","code":"DEMOGRAPHICS"}' | warren upstream ask -

Exit codes: 0 answered, 1 failed, 2 no result in time.`

/** Asks a running upstream one question and waits for the result. */
export function askCommand(io: CliIo): Command {
  return new Command('ask')
    .description('ask a question and wait for the result')
    .argument('<file>', 'the question as JSON; - reads standard input')
    .option(
      '-c, --collection <name>',
      'collection to ask, by name or ID; optional if there is only one',
    )
    .option('--url <url>', 'URL of the upstream (default: UPSTREAM_URL)')
    .option(
      '--timeout <duration>',
      'stop waiting after this long, such as 90s or 10m',
      parseDuration,
    )
    .addOption(
      new Option(
        '--json',
        'print the question and its result as JSON, with decoded rows',
      ).conflicts('csv'),
    )
    .option('--csv', 'print CSV with a header')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: AskOptions) => ask(io, file, options))
}

async function ask(io: CliIo, file: string, options: AskOptions): Promise<void> {
  const config = loadUpstreamConfig(io.env)
  const client = new UpstreamClient(
    options.url === undefined ? config : { ...config, url: options.url },
  )
  const task = await readTask(file, io)
  const { collection } = options
  const asked = await client.ask(collection === undefined ? task : { ...task, collection })
  const question = await waitUntilSettled(io, client, asked, options.timeout)
  io.stdout.write(
    options.json === true
      ? toJson(question)
      : options.csv === true
        ? toCsv(question)
        : formatAnswer(question, io),
  )
  if (question.state === 'answered') return
  const late = question.state === 'timed-out' || !question.settled
  const reason = late ? 'no result in time' : 'the question failed'
  throw new ProgramError(`${reason}${question.message === null ? '' : `: ${question.message}`}`, {
    exitCode: late ? ExitCode.unknown : ExitCode.failure,
    hint: late
      ? 'Run warren upstream collections list to see when the collection last polled.'
      : undefined,
  })
}

async function waitUntilSettled(
  io: CliIo,
  client: UpstreamClient,
  asked: QuestionView,
  timeoutMs: number | undefined,
): Promise<QuestionView> {
  using spinner = new Spinner('waiting for a poll', io.stderr, io.env)
  const until = performance.now() + (timeoutMs ?? Number.POSITIVE_INFINITY)
  let question = asked
  while (!question.settled && performance.now() < until) {
    const left = Math.max(0, Math.ceil((until - performance.now()) / 1000))
    question = await client.question(asked.uuid, left)
    if (question.attempts > 0) spinner.update(`handed to ${question.worker ?? 'a client'}, waiting`)
  }
  return question
}

async function readTask(file: string, io: CliIo): Promise<JsonObject> {
  const name = file === '-' ? 'standard input' : file
  const content = await read(file, io)
  try {
    const json: unknown = JSON.parse(content.replace(/^\uFEFF/, ''))
    if (isJsonObject(json)) return json
  } catch (error: unknown) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ProgramError(`${name} is not JSON: ${reason}`, {
      exitCode: ExitCode.data,
      cause: error,
    })
  }
  throw new ProgramError(`${name} is not a JSON object`, {
    exitCode: ExitCode.data,
    hint: 'Run warren upstream ask --help to see examples of questions.',
  })
}

async function read(file: string, io: CliIo): Promise<string> {
  if (file === '-') return text(io.stdin)
  try {
    return await readFile(file, 'utf8')
  } catch (error: unknown) {
    throw new ProgramError(`cannot read ${file}: ${fileErrorReason(error, 'read')}`, {
      exitCode: ExitCode.data,
      cause: error,
    })
  }
}

function parseDuration(text: string): number {
  const parsed = durationSetting({ unit: 's', minMs: 1000 }).safeParse(text)
  if (parsed.success) return parsed.data
  const message = parsed.error.issues[0]?.message ?? 'expected a duration'
  throw new InvalidArgumentError(`${message.replace(/^e/, 'E')}.`)
}
