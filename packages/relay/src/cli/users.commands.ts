import { type CliIo, durationSetting, ExitCode, ProgramError } from '@warren/runtime'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { UserManager } from '../nodes/user-manager.ts'
import type { NodeRecord } from '../store/user-store.ts'
import { canonicalGuid } from '../vocabulary/collection-id.ts'
import { ago, confirm, note, type Output, show } from './command-output.ts'
import { withStore } from './command-store.ts'
import { readImportedUsers } from './imported-users.ts'

interface RemoveFlags {
  readonly all?: boolean
  readonly emptyUser: 'keep' | 'remove'
  readonly yes?: boolean
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
  warren relay users rotate site-a           the old password stays valid for 7 days
  warren relay users disable site-a          takes effect immediately, until users enable site-a
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
    .description('list all users, and when a node of each was last seen')
    .option(
      '--json',
      'print a list of {"username","declared","disabled","oldPasswordValidForMs","lastSeen","collectionIds"}',
    )
    .action(async (options: Output) => {
      const { records, seen, now } = await withStore(io, async (store) => ({
        records: await store.users.listUsers(),
        seen: lastSeenByUser(await store.users.listNodes()),
        now: await store.readTime(),
      }))
      const listed = records.map(
        ({ id, name, declared, disabledAt, earlierPassword, nodeIds }) => ({
          username: name,
          declared,
          disabled: disabledAt !== null,
          oldPasswordValidForMs: earlierPassword?.validForMs ?? null,
          lastSeen: toIso(seen.get(id)),
          collectionIds: nodeIds,
        }),
      )
      show(
        io,
        options,
        listed,
        ['User name', 'Nodes', 'Last seen', 'State', 'Source'],
        records.map((user) => {
          const at = seen.get(user.id)
          return [
            user.name,
            user.nodeIds.length,
            ago(at === undefined ? null : now - at),
            user.disabledAt !== null
              ? 'disabled'
              : user.earlierPassword === null
                ? 'enabled'
                : 'two passwords',
            user.declared ? 'configuration' : 'command line',
          ]
        }),
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
    .command('rotate')
    .argument('<username>', 'name of the user')
    .description('generate a new password; the old password stays valid for a while')
    .addOption(
      new Option('--keep <duration>', 'how long the old password stays valid, e.g. 12h or 14d')
        .argParser(keep)
        .default(WEEK, '7d'),
    )
    .option('--json', 'print {"username","password","oldValidUntil"}')
    .action(async (name: string, options: Output & { keep: number }) => {
      const rotated = await withUsers((manager) => manager.rotatePassword(name, options.keep))
      const { username, password, oldValidUntil } = rotated
      show(
        io,
        options,
        rotated,
        ['User name', 'New password', 'Old one valid until'],
        [[username, password, oldValidUntil]],
      )
      note(io, 'The password is shown only once.')
    })

  for (const [verb, disabled, description] of [
    ['disable', true, 'end the logins of a user and reject new ones; its nodes get no tasks'],
    ['enable', false, 'allow a disabled user to log in again, with its current password'],
  ] as const) {
    users
      .command(verb)
      .argument('<username>', 'name of the user')
      .description(description)
      .action(async (name: string) => {
        const changed = await withUsers((manager) => manager.setDisabled(name, disabled))
        io.stdout.write(`${changed.name}\n`)
      })
  }

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
        lastSeen: toIso(node.lastSeenAt ?? undefined),
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
    .addOption(
      new Option('--empty-user <action>', 'what becomes of a user without any node left')
        .choices(['keep', 'remove'])
        .default('keep'),
    )
    .option('-y, --yes', 'do not ask for confirmation')
    .action(async (name: string, ids: string[], options: RemoveFlags) => {
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
        if (options.emptyUser === 'keep' || (await manager.listNodes(name)).length > 0) return
        await manager.remove(name)
        io.stderr.write(`note: the user ${name} had no node left and was removed\n`)
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
    .description('import users from a file, all or none; users that are here stay as they are')
    .action(async (file: string) => {
      const imported = await readImportedUsers(file, io)
      const plan = await withUsers((manager) => manager.import(imported))
      for (const { username, collectionIds } of plan.toAdd) {
        io.stdout.write(`${username}\t${collectionIds.length}\n`)
      }
      for (const name of plan.present) io.stderr.write(`note: ${name} is here already\n`)
      for (const { username, difference } of plan.different) {
        io.stderr.write(`note: ${username} is left as it is: ${difference}\n`)
      }
    })
}

const WEEK = 7 * 86_400_000
const MAX_KEEP_MS = 90 * 86_400_000

function keep(text: string): number {
  const parsed = durationSetting({ unit: 'd', minMs: 60_000, maxMs: MAX_KEEP_MS }).safeParse(text)
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? 'Expected a duration.')
}

function lastSeenByUser(nodes: readonly NodeRecord[]): ReadonlyMap<string, number> {
  const seen = new Map<string, number>()
  for (const { userId, lastSeenAt } of nodes) {
    if (lastSeenAt !== null) seen.set(userId, Math.max(lastSeenAt, seen.get(userId) ?? 0))
  }
  return seen
}

function toIso(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString()
}

function parseGuid(text: string): string {
  const id = canonicalGuid(text)
  if (id !== undefined) return id
  throw new ProgramError(`"${text}" is not a collection ID`, { exitCode: ExitCode.usage })
}
