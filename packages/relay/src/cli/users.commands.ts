import { createInterface } from 'node:readline/promises'
import { type CliIo, ExitCode, formatTable, ProgramError } from '@warren/runtime'
import type { Command } from 'commander'
import { UserManager } from '../nodes/user-manager.ts'
import { canonicalGuid } from '../nodes/collection-id.ts'
import { withStore } from './command-store.ts'
import { readImportedUsers } from './imported-users.ts'

interface Output {
  readonly json?: boolean
}

/** `warren relay users …`: the people and programs that may poll this hub, and their nodes. */
export function addUserCommands(relay: Command, io: CliIo): void {
  const users = relay
    .command('users')
    .description('users and their nodes')
    .addHelpText(
      'after',
      `
Examples:
  warren relay users add site-a              a user with a password and a node, to enter at the site
  warren relay users add site-a --json       the same for a script
  warren relay users reset-password site-a   valid at once on every hub of this database
  warren relay users list-subnodes site-a`,
    )
  const withUsers = <T>(work: (manager: UserManager) => Promise<T>): Promise<T> =>
    withStore(io, (store) => work(new UserManager(store.users)))

  users
    .command('add')
    .argument('<username>', 'letters, digits and - . _ @ +')
    .description('add a user with a generated password and one node')
    .option('--json', 'print {"username","password","collectionId"}')
    .action(async (name: string, options: Output) => {
      const added = await withUsers((manager) => manager.add(name))
      const { username, password, collectionId } = added
      show(
        io,
        options,
        added,
        ['Username', 'Password', 'Collection ID'],
        [[username, password, collectionId]],
      )
      note(io, 'The password is shown only now.')
    })

  users
    .command('list')
    .description('list all users')
    .option('--json', 'print a list of {"username","declared","collectionIds"}')
    .action(async (options: Output) => {
      const records = await withUsers((manager) => manager.list())
      const listed = records.map(({ name, declared, nodeIds }) => ({
        username: name,
        declared,
        collectionIds: nodeIds,
      }))
      show(
        io,
        options,
        listed,
        ['Username', 'Nodes', 'Made by'],
        listed.map((user) => [
          user.username,
          user.collectionIds.length,
          user.declared ? 'configuration' : 'hand',
        ]),
      )
      if (records.length === 0) note(io, 'No users. Add one with: warren relay users add NAME')
    })

  users
    .command('reset-password')
    .argument('<username>')
    .description('give a user a new generated password; the old one ends at once')
    .option('--json', 'print {"username","password"}')
    .action(async (name: string, options: Output) => {
      const reset = await withUsers((manager) => manager.resetPassword(name))
      show(io, options, reset, ['Username', 'Password'], [[reset.username, reset.password]])
      note(io, 'The password is shown only now.')
    })

  users
    .command('add-subnode')
    .argument('<username>')
    .description('give a user one more node')
    .option('--json', 'print {"username","collectionId"}')
    .option('-y, --yes', 'accepted for scripts written for other hubs; nothing is asked')
    .action(async (name: string, options: Output) => {
      const added = await withUsers((manager) => manager.addNode(name))
      const { username, collectionId } = added
      show(io, options, added, ['Username', 'New Collection ID'], [[username, collectionId]])
    })

  users
    .command('list-subnodes')
    .argument('<username>')
    .description('list the nodes of a user')
    .option('--json', 'print a list of {"collectionId","active","lastSeen"}')
    .action(async (name: string, options: Output) => {
      const nodes = await withUsers((manager) => manager.listNodes(name))
      const listed = nodes.map((node) => ({
        collectionId: node.id,
        active: node.active,
        lastSeen: node.lastSeenAt === null ? null : new Date(node.lastSeenAt).toISOString(),
      }))
      show(
        io,
        options,
        listed,
        ['Collection ID', 'Active', 'Last seen'],
        listed.map((node) => [node.collectionId, node.active, node.lastSeen ?? 'never']),
      )
      if (nodes.length === 0) note(io, `${name} has no nodes.`)
    })

  users
    .command('remove-subnodes')
    .argument('<username>')
    .argument('[ids...]', 'collection ids')
    .description('remove nodes of a user, and what they have not answered yet')
    .option('--all', 'all of them')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, ids: string[], options: { all?: boolean; yes?: boolean }) => {
      await withUsers(async (manager) => {
        const owned = await manager.listNodes(name)
        const chosen = options.all === true ? owned.map((node) => node.id) : ids.map(guidOf)
        if (chosen.length === 0) {
          throw new ProgramError('no node was named', {
            exitCode: ExitCode.usage,
            hint: 'Name collection ids, or give --all.',
          })
        }
        await confirm(io, options.yes, `Remove ${chosen.length} node(s) of ${name}?`)
        const removed = await manager.removeNodes(name, chosen)
        io.stdout.write(removed.map((id) => `${id}\n`).join(''))
      })
    })

  users
    .command('remove')
    .argument('<username>')
    .description('remove a user with all nodes')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, options: { yes?: boolean }) => {
      await withUsers(async (manager) => {
        await confirm(io, options.yes, `Remove ${name} with all nodes?`)
        const removed = await manager.remove(name)
        io.stdout.write(`${removed.name}\n`)
      })
    })

  users
    .command('import')
    .argument('<file>', 'JSON lines of {"username","passwordHash","collectionIds"}; - reads stdin')
    .description('bring users along from another hub, with their password hashes and node ids')
    .action(async (file: string) => {
      const imported = await readImportedUsers(file, io)
      await withUsers(async (manager) => {
        for (const user of imported) {
          const { name, nodeIds } = await manager.import(user)
          io.stdout.write(formatTable([[name, nodeIds.length]], { tty: false }))
        }
      })
    })
}

function show(
  io: CliIo,
  { json }: Output,
  value: unknown,
  head: readonly string[],
  rows: readonly (readonly (string | number | boolean)[])[],
): void {
  if (json === true) io.stdout.write(`${JSON.stringify(value)}\n`)
  else io.stdout.write(formatTable(rows, { head, tty: io.stdout.isTTY === true }))
}

/** For the person at the terminal only; what a script reads stays clean. */
function note(io: CliIo, text: string): void {
  if (io.stderr.isTTY === true) io.stderr.write(`${text}\n`)
}

function guidOf(text: string): string {
  const id = canonicalGuid(text)
  if (id !== undefined) return id
  throw new ProgramError(`"${text}" is no collection id`, { exitCode: ExitCode.usage })
}

async function confirm(io: CliIo, yes: boolean | undefined, question: string): Promise<void> {
  if (yes === true) return
  if (io.stdin.isTTY !== true) {
    throw new ProgramError('nobody is here to confirm', {
      exitCode: ExitCode.usage,
      hint: 'Give --yes in a script.',
    })
  }
  const terminal = createInterface({ input: io.stdin })
  try {
    io.stderr.write(`${question} [y/N] `)
    const answer = await terminal.question('')
    if (!/^y(es)?$/i.test(answer.trim())) throw new ProgramError('nothing was removed')
  } finally {
    terminal.close()
  }
}
