import { parsePostgresAddress } from '@warren/database'
import { type CliIo, ExitCode, ProgramError, writeTable } from '@warren/runtime'
import type { Command } from 'commander'
import { type DotnetHub, readDotnetHub } from '../change-over/dotnet-hub.ts'
import type { ImportPlan } from '../nodes/import-plan.ts'
import { UserManager } from '../nodes/user-manager.ts'
import type { Output } from './command-output.ts'
import { withStore } from './command-store.ts'

const MAX_NAMED_TASKS = 5

interface Flags extends Output {
  readonly from: string
  readonly dryRun?: boolean
}

/** `warren relay import`: takes over the users and nodes of a .NET relay. */
export function addImportCommand(relay: Command, io: CliIo): void {
  relay
    .command('import')
    .description('take over the users, passwords and nodes of a .NET relay from its database')
    .requiredOption(
      '--from <connection>',
      "connection string of its database: 'Host=…;Database=…;Username=…' or postgres://…",
    )
    .option('--dry-run', 'only show what would be imported')
    .option('--json', 'print a JSON object')
    .addHelpText(
      'after',
      `
Reads the other database in a read-only transaction, and changes nothing there. Everything is
imported or nothing. It can be repeated: what is here already is compared and left as it is.
Sites keep their user names, passwords and collection IDs.

Example:
  warren relay import --from 'Host=db;Database=hutch;Username=reader;Password=…' --dry-run`,
    )
    .action(async (flags: Flags) => {
      const hub = await readDotnetHub(parseFrom(flags.from, io.env))
      const { dryRun = false, json } = flags
      const plan = await withStore(io, ({ users }) =>
        new UserManager(users).import(hub.users, { dryRun }),
      )
      if (json === true) io.stdout.write(`${JSON.stringify(planJson(plan, hub, dryRun))}\n`)
      else print(io, plan, hub, dryRun)
    })
}

function parseFrom(text: string, env: NodeJS.ProcessEnv) {
  try {
    return parsePostgresAddress(text, env)
  } catch (error: unknown) {
    if (!(error instanceof ProgramError)) throw error
    throw new ProgramError(`--from: ${error.message}`, {
      exitCode: ExitCode.usage,
      hint: error.hint,
      cause: error,
    })
  }
}

function print(io: CliIo, plan: ImportPlan, hub: DotnetHub, isDryRun: boolean): void {
  writeTable(
    io,
    [
      ...plan.toAdd.map(({ username, collectionIds }) => [
        username,
        collectionIds.length,
        isDryRun ? 'would be added' : 'added',
      ]),
      ...plan.present.map((name) => [name, '', 'is here already']),
      ...plan.different.map(({ username, difference }) => [username, '', `left: ${difference}`]),
      ...hub.withoutPassword.map((name) => [name, '', 'left out: has no password']),
    ],
    { head: ['User', 'Nodes', 'What happens'] },
  )
  const notes = [
    ...(hub.withoutUser.length === 0
      ? []
      : [`Left out because no user owns them: ${hub.withoutUser.join(', ')}.`]),
    ...(hub.openTasks.length === 0 ? [] : [openTasksNote(hub)]),
  ]
  for (const note of notes) io.stderr.write(`note: ${note}\n`)
}

function openTasksNote({ openTasks }: DotnetHub): string {
  const named = openTasks.slice(0, MAX_NAMED_TASKS).map(({ uuid, type }) => `${uuid} (${type})`)
  const more = openTasks.length - named.length
  return `${openTasks.length} tasks are open in the .NET relay and are not taken over: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}. Stop it from polling, and let it finish them before you stop it.`
}

function planJson(plan: ImportPlan, hub: DotnetHub, dryRun: boolean) {
  return {
    dryRun,
    [dryRun ? 'wouldBeAdded' : 'added']: plan.toAdd.map(
      ({ username, declared, collectionIds }) => ({
        username,
        declared,
        collectionIds,
      }),
    ),
    present: plan.present,
    different: plan.different,
    withoutPassword: hub.withoutPassword,
    nodesWithoutUser: hub.withoutUser,
    openTasks: hub.openTasks,
  }
}
