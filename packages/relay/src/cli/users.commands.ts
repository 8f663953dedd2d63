import { createInterface } from 'node:readline/promises'
import { asInvoked, type CliIo, ExitCode, ProgramError, writeTable } from '@warren/runtime'
import type { Command } from 'commander'
import { UserManager } from '../nodes/user-manager.ts'
import { canonicalGuid } from '../vocabulary/collection-id.ts'
import { withStore } from './command-store.ts'
import { readImportedUsers } from './imported-users.ts'

interface Output {
  readonly json?: boolean
}

/** `warren relay users …`: manages the users of this relay and their nodes. */
export function addUserCommands(relay: Command, io: CliIo): void {
  const users = relay
    .command('users')
    .description('manage users and their nodes')
    .addHelpText(
      'after',
      `
A user is a login for one or more nodes. A bunny polls one node, by its collection ID.

Examples:
  warren relay users add site-a              print the credentials for the bunny of a new site
  warren relay users add site-a --json       print them as JSON, for a script
  warren relay users reset-password site-a   takes effect immediately on every relay of this database
  warren relay users list-subnodes site-a    print the collection IDs of a user`,
    )
  const withUsers = <T>(work: (manager: UserManager) => Promise<T>): Promise<T> =>
    withStore(io, (store) => work(new UserManager(store.users)))

  users
    .command('add')
    .argument('<username>', 'letters, digits and - . _ @ +')
    .description('add a user with a generated password and one node, and print the credentials')
    .option('--json', 'print {"username","password","collectionId"}')
    .action(async (name: string, options: Output) => {
      const added = await withUsers((manager) => manager.add(name))
      const { username, password, collectionId } = added
      show(
        io,
        options,
        added,
        ['User name', 'Password', 'Collection ID'],
        [[username, password, collectionId]],
      )
      note(io, 'The password is shown only once.')
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
        ['User name', 'Nodes', 'Source'],
        listed.map((user) => [
          user.username,
          user.collectionIds.length,
          user.declared ? 'configuration' : 'command line',
        ]),
      )
      if (records.length === 0) note(io, 'No users. Add one with: warren relay users add NAME')
    })

  users
    .command('reset-password')
    .argument('<username>', 'name of the user')
    .description('generate a new password; the old password stops working immediately')
    .option('--json', 'print {"username","password"}')
    .action(async (name: string, options: Output) => {
      const reset = await withUsers((manager) => manager.resetPassword(name))
      show(io, options, reset, ['User name', 'Password'], [[reset.username, reset.password]])
      note(io, 'The password is shown only once.')
    })

  users
    .command('add-subnode')
    .argument('<username>', 'name of the user')
    .description('add a node to a user, and print its collection ID')
    .option('--json', 'print {"username","collectionId"}')
    .option('-y, --yes', 'ignored; accepted for scripts that were written for another relay')
    .action(async (name: string, options: Output) => {
      const added = await withUsers((manager) => manager.addNode(name))
      const { username, collectionId } = added
      show(io, options, added, ['User name', 'New collection ID'], [[username, collectionId]])
    })

  users
    .command('list-subnodes')
    .argument('<username>', 'name of the user')
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
    .argument('<username>', 'name of the user')
    .argument('[ids...]', 'collection IDs')
    .description('remove nodes and discard their unanswered tasks')
    .option('--all', 'remove all nodes of the user')
    .option('-y, --yes', 'do not ask for confirmation')
    .action(async (name: string, ids: string[], options: { all?: boolean; yes?: boolean }) => {
      await withUsers(async (manager) => {
        const owned = await manager.listNodes(name)
        const chosen = options.all === true ? owned.map((node) => node.id) : ids.map(parseGuid)
        if (chosen.length === 0) {
          throw new ProgramError('no collection IDs given', {
            exitCode: ExitCode.usage,
            hint: 'Add the collection IDs of the nodes to remove, or --all.',
          })
        }
        await confirm(
          io,
          options.yes,
          `Remove ${chosen.length} ${chosen.length === 1 ? 'node' : 'nodes'} of ${name}?`,
        )
        const removed = await manager.removeNodes(name, chosen)
        io.stdout.write(removed.map((id) => `${id}\n`).join(''))
      })
    })

  users
    .command('remove')
    .argument('<username>', 'name of the user')
    .description('remove a user and all its nodes')
    .option('-y, --yes', 'do not ask for confirmation')
    .action(async (name: string, options: { yes?: boolean }) => {
      await withUsers(async (manager) => {
        await confirm(io, options.yes, `Remove ${name} and all its nodes?`)
        const removed = await manager.remove(name)
        io.stdout.write(`${removed.name}\n`)
      })
    })

  users
    .command('import')
    .argument(
      '<file>',
      'one JSON object per line: {"username","passwordHash","collectionIds"}; - for standard input',
    )
    .description('import users from another relay, with their password hashes and collection IDs')
    .action(async (file: string) => {
      const imported = await readImportedUsers(file, io)
      await withUsers(async (manager) => {
        for (const user of imported) {
          const { name, nodeIds } = await manager.import(user)
          io.stdout.write(`${name}\t${nodeIds.length}\n`)
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
  else writeTable(io, rows, { head })
}

/** Printed at a terminal only, and to standard error, so that scripts do not receive it. */
function note(io: CliIo, text: string): void {
  if (io.stderr.isTTY === true) io.stderr.write(`${asInvoked(text, io.invocation)}\n`)
}

function parseGuid(text: string): string {
  const id = canonicalGuid(text)
  if (id !== undefined) return id
  throw new ProgramError(`"${text}" is not a collection ID`, { exitCode: ExitCode.usage })
}

async function confirm(io: CliIo, yes: boolean | undefined, question: string): Promise<void> {
  if (yes === true) return
  if (io.stdin.isTTY !== true) {
    throw new ProgramError('cannot ask for confirmation: standard input is not a terminal', {
      exitCode: ExitCode.usage,
      hint: 'Add --yes to skip the confirmation.',
    })
  }
  const terminal = createInterface({ input: io.stdin })
  try {
    io.stderr.write(`${question} [y/N] `)
    const answer = await terminal.question('')
    if (!/^y(es)?$/i.test(answer.trim())) throw new ProgramError('cancelled: nothing was removed')
  } finally {
    terminal.close()
  }
}
