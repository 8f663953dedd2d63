import { type CliIo, formatTable, styles, writeTable } from '@warren/runtime'
import { Command, InvalidArgumentError, Option } from 'commander'
import { loadUpstreamConfig } from '../config.ts'
import type { QuestionView } from '../http/question-view.ts'
import { formatAnswer, toCsv, toJson } from './question-output.ts'
import { UpstreamClient } from './upstream-client.ts'

interface Options {
  url?: string
  json?: true
  csv?: true
  limit: number
}

const EXAMPLES = `
Examples:
  warren upstream questions list
  warren upstream questions show 6f1c… --csv > codes.csv
  warren upstream questions cancel 6f1c…`

/** The questions of a running upstream. */
export function questionsCommand(io: CliIo): Command {
  const questions = new Command('questions')
    .description('list questions, show their results, cancel them')
    .addHelpText('after', EXAMPLES)
  questions
    .command('list')
    .description('list questions, newest first')
    .option('--url <url>', 'URL of the upstream (default: UPSTREAM_URL)')
    .option('--limit <number>', 'at most this many', limit, 20)
    .option('--json', 'print JSON')
    .action(async (options: Options) => list(io, options))
  questions
    .command('show')
    .description('show the state and the result of a question')
    .argument('<uuid>', 'uuid of the question')
    .option('--url <url>', 'URL of the upstream (default: UPSTREAM_URL)')
    .addOption(new Option('--json', 'print JSON, with decoded rows').conflicts('csv'))
    .option('--csv', 'print CSV with a header')
    .action(async (uuid: string, options: Options) => show(io, uuid, options))
  questions
    .command('cancel')
    .description('end a question; a result that still arrives is discarded')
    .argument('<uuid>', 'uuid of the question')
    .option('--url <url>', 'URL of the upstream (default: UPSTREAM_URL)')
    .action(async (uuid: string, options: Options) => {
      const { state } = await createClient(io, options).cancelQuestion(uuid)
      io.stdout.write(formatTable([[uuid, state]], { tty: false }))
    })
  return questions
}

function createClient(io: CliIo, { url }: Options): UpstreamClient {
  const config = loadUpstreamConfig(io.env)
  return new UpstreamClient(url === undefined ? config : { ...config, url })
}

async function list(io: CliIo, options: Options): Promise<void> {
  const questions = await createClient(io, options).listQuestions(options.limit)
  if (options.json === true) {
    io.stdout.write(`${JSON.stringify(questions, null, 2)}\n`)
    return
  }
  writeTable(
    io,
    questions.map(({ uuid, kind, state, askedAt, message }) => [
      uuid,
      kind,
      state,
      askedAt.slice(0, 19).replace('T', ' '),
      message ?? '',
    ]),
    { head: ['question', 'kind', 'state', 'asked (UTC)', 'message'] },
  )
}

async function show(io: CliIo, uuid: string, options: Options): Promise<void> {
  const question = await createClient(io, options).question(uuid, 0)
  if (options.json === true) io.stdout.write(toJson(question))
  else if (options.csv === true) io.stdout.write(toCsv(question))
  else io.stdout.write(formatAnswer(question, io) || stateLine(question, io))
}

function stateLine({ state, message }: QuestionView, io: CliIo): string {
  if (io.stdout.isTTY !== true) return formatTable([[state, message ?? '']], { tty: false })
  const { bold, dim } = styles(io.stdout, io.env)
  return `${bold(state)}${message === null ? '' : ` ${dim(message)}`}\n`
}

function limit(text: string): number {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= 1_000) return number
  throw new InvalidArgumentError('Expected a number from 1 to 1000.')
}
