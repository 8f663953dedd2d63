import { type CliIo, styles, writeTable } from '@warren/runtime'
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

The password is shown only once.`

const LIST_EXAMPLES = `
Examples:
  warren upstream collections list
  warren upstream collections list --json
  warren upstream collections list | cut -f 1,3`

/** Manages the collections of a running upstream. */
export function collectionsCommand(io: CliIo): Command {
  const collections = new Command('collections').description(
    'manage collections (credentials for relays and bunnies)',
  )
  collections
    .command('add')
    .description('create credentials for a relay or a bunny')
    .argument('<name>', 'a name for people to read')
    .option('--url <url>', 'URL of the upstream (default: UPSTREAM_URL)')
    .option('--json', 'print JSON')
    .addHelpText('after', ADD_EXAMPLES)
    .action(async (name: string, options: Options) => add(io, name, options))
  collections
    .command('list')
    .description('list all collections with their last poll and whether they are suspended')
    .option('--url <url>', 'URL of the upstream (default: UPSTREAM_URL)')
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
  const credentials = await createClient(io, options).addCollection(name)
  if (options.json === true) {
    io.stdout.write(`${JSON.stringify(credentials, null, 2)}\n`)
    return
  }
  const { collectionId, username, password } = credentials
  const rows = [
    ['collection ID', collectionId],
    ['user name', username],
    ['password', password],
  ]
  writeTable(io, rows)
  if (io.stdout.isTTY === true) {
    const note = 'The password is shown only once.'
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
  const tty = io.stdout.isTTY === true
  const rows = collections.map(({ name, collectionId, status, lastPollAt, worker }) => [
    name,
    collectionId,
    status === 'active' ? green(status) : yellow(status),
    lastPollAt === null ? 'never' : tty ? formatTime(lastPollAt) : lastPollAt,
    worker,
  ])
  const head = ['name', 'collection ID', 'status', 'last poll (UTC)', 'worker']
  writeTable(io, rows, { head })
}

/** An ISO 8601 time without milliseconds and zone, so that the table fits 80 columns. */
function formatTime(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ')
}
