import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { isJsonObject, type JsonObject } from '@warren/task-api'
import { type CliIo, ExitCode, ProgramError, durationSetting, styles } from '@warren/runtime'
import { Command, InvalidArgumentError } from 'commander'
import { loadUpstreamConfig } from '../config.ts'
import type { QuestionView } from '../http/question-view.ts'
import { Spinner } from './spinner.ts'
import { UpstreamClient } from './upstream-client.ts'

interface AskOptions {
  collection?: string
  url?: string
  timeout?: number
  json?: true
}

const EXAMPLES = `
The file holds a whole task, or only its cohort, or only its analysis and code:
  {"cohort": {"groups_oper": "OR", "groups": [{"rules_oper": "AND", "rules": [
    {"varcat": "Person", "varname": "OMOP", "oper": "=", "value": "8507"}]}]}}
  {"analysis": "DISTRIBUTION", "code": "GENERIC"}

Examples:
  warren upstream ask men.json
  warren upstream ask men.json --collection north --json
  echo '{"analysis":"DISTRIBUTION","code":"DEMOGRAPHICS"}' | warren upstream ask -

Ends with 0 if answered, 1 if it failed, 2 if nobody answered in time.`

/** Asks a running server one question and waits for the answer. */
export function askCommand(io: CliIo): Command {
  return new Command('ask')
    .description('ask a question and wait for the answer')
    .argument('<file>', 'JSON of the question; - reads standard input')
    .option(
      '-c, --collection <name>',
      'whom to ask, by name or id; may be left out if there is one',
    )
    .option('--url <url>', 'where the server is (UPSTREAM_URL)')
    .option(
      '--timeout <duration>',
      'stop waiting after this long, such as 90s or 10m',
      parseDuration,
    )
    .option('--json', 'print the question with its whole result')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: AskOptions) => ask(io, file, options))
}

async function ask(io: CliIo, file: string, options: AskOptions): Promise<void> {
  const config = loadUpstreamConfig(io.env)
  const client = new UpstreamClient(
    options.url === undefined ? config : { ...config, url: options.url },
  )
  const given = await readTask(file, io)
  const { collection } = options
  const asked = await client.ask(collection === undefined ? given : { ...given, collection })
  const answer = await waitUntilSettled(io, client, asked, options.timeout)
  io.stdout.write(
    options.json === true ? `${JSON.stringify(answer, null, 2)}\n` : formatSummary(answer, io),
  )
  if (answer.state === 'answered') return
  const late = answer.state === 'timed-out' || !answer.settled
  const reason = late ? 'nobody answered in time' : 'the question failed'
  throw new ProgramError(`${reason}${answer.message === null ? '' : `: ${answer.message}`}`, {
    exitCode: late ? ExitCode.unknown : ExitCode.failure,
    hint: late ? 'See "warren upstream collections list" for who has been polling.' : undefined,
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
    if (question.attempts > 0) spinner.update(`handed to ${question.worker ?? 'a poller'}, waiting`)
  }
  return question
}

/** For a person two lines, in a pipe one of two columns; nothing but a count where there is one. */
function formatSummary({ state, kind, count, message }: QuestionView, io: CliIo): string {
  if (state !== 'answered' || count === null) return ''
  const said = message ?? ''
  if (io.stdout.isTTY !== true) return `${count}\t${said.replaceAll(/[\t\r\n]+/g, ' ')}\n`
  const { bold, dim } = styles(io.stdout, io.env)
  const unit = kind === 'availability' ? 'people' : 'rows'
  return `${bold(String(count))} ${unit}\n${said === '' ? '' : `${dim(said)}\n`}`
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
  throw new ProgramError(`${name} holds no JSON object`, {
    exitCode: ExitCode.data,
    hint: 'See "warren upstream ask --help" for what a question looks like.',
  })
}

async function read(file: string, io: CliIo): Promise<string> {
  if (file === '-') return text(io.stdin)
  try {
    return await readFile(file, 'utf8')
  } catch (error: unknown) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new ProgramError(`cannot read ${file} (${reason})`, {
      exitCode: ExitCode.data,
      cause: error,
    })
  }
}

function parseDuration(given: string): number {
  const parsed = durationSetting({ unit: 's', minMs: 1000 }).safeParse(given)
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? 'expected a duration')
}
