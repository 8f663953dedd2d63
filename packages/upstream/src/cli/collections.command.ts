import { type CliIo, formatTable, styles } from '@warren/runtime'
import { Command } from 'commander'
import { loadUpstreamConfig } from '../config.ts'
import { UpstreamClient } from './upstream-client.ts'

interface Options {
  url?: string
  json?: true
}

const ADD_EXAMPLES = `
Examples:
  warren upstream collections add north
  warren upstream collections add north --json > north.json

The password is shown once and cannot be shown again.`

const LIST_EXAMPLES = `
Examples:
  warren upstream collections list
  warren upstream collections list --json
  warren upstream collections list | cut -f 1,3`

/** Who may poll a running server. */
export function collectionsCommand(io: CliIo): Command {
  const collections = new Command('collections').description('who may poll, and who has')
  collections
    .command('add')
    .description('make a login for a relay or a bunny')
    .argument('<name>', 'what people call it')
    .option('--url <url>', 'where the server is (UPSTREAM_URL)')
    .option('--json', 'print JSON')
    .addHelpText('after', ADD_EXAMPLES)
    .action(async (name: string, options: Options) => add(io, name, options))
  collections
    .command('list')
    .description('show all collections, when they polled last, and whether they are suspended')
    .option('--url <url>', 'where the server is (UPSTREAM_URL)')
    .option('--json', 'print JSON')
    .addHelpText('after', LIST_EXAMPLES)
    .action(async (options: Options) => list(io, options))
  return collections
}

function createClient(io: CliIo, { url }: Options): UpstreamClient {
  const config = loadUpstreamConfig(io.env)
  return new UpstreamClient(url === undefined ? config : { ...config, url })
}

async function add(io: CliIo, name: string, options: Options): Promise<void> {
  const login = await createClient(io, options).addCollection(name)
  if (options.json === true) {
    io.stdout.write(`${JSON.stringify(login, null, 2)}\n`)
    return
  }
  const { collectionId, username, password } = login
  const rows = [
    ['collection id', collectionId],
    ['username', username],
    ['password', password],
  ]
  io.stdout.write(formatTable(rows, { tty: io.stdout.isTTY === true }))
  if (io.stdout.isTTY === true) {
    const note = 'The password is not shown again.'
    io.stdout.write(`${styles(io.stdout, io.env).dim(note)}\n`)
  }
}

async function list(io: CliIo, options: Options): Promise<void> {
  const collections = await createClient(io, options).listCollections()
  if (options.json === true) {
    io.stdout.write(`${JSON.stringify(collections, null, 2)}\n`)
    return
  }
  const { green, yellow } = styles(io.stdout, io.env)
  const rows = collections.map(({ name, collectionId, status, lastPollAt, worker }) => [
    name,
    collectionId,
    status === 'active' ? green(status) : yellow(status),
    lastPollAt ?? 'never',
    worker,
  ])
  const head = ['name', 'collection id', 'status', 'last poll', 'worker']
  io.stdout.write(formatTable(rows, { head, tty: io.stdout.isTTY === true }))
}
