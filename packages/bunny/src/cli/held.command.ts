import { userInfo } from 'node:os'
import { ExitCode, ProgramError, styles, writeTable, type CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { systemClock } from '../clock.ts'
import { HeldFolder, type HeldEntry } from '../held/held-folder.ts'
import { dryRun } from './dry-run.ts'
import { heldFoldersFrom, withFolder, type FolderOptions } from './state-options.ts'

export function heldCommand(io: CliIo): Command {
  return new Command('held')
    .description('approve or refuse questions that the policy holds; the daemon may be running')
    .addCommand(listCommand(io))
    .addCommand(showCommand(io))
    .addCommand(releaseCommand(io))
    .addCommand(refuseCommand(io))
}

const withHeldFolder = (command: Command): Command => withFolder(command, 'the policy state')

/** Whether the task can still be answered, and what was decided. */
function stateOf({ question, decision }: HeldEntry): string {
  if (decision !== undefined) return decision.decision === 'release' ? 'released' : 'refused'
  return Date.parse(question.answerBy) > systemClock.now() ? 'waiting' : 'too late'
}

function listCommand(io: CliIo): Command {
  return withHeldFolder(new Command('list'))
    .description('list the held questions, oldest first')
    .option('--json', 'print one JSON object per line')
    .action(async (options: FolderOptions & { json?: true }) => {
      const entries = await listAll(options, io)
      if (options.json === true) {
        for (const entry of entries) io.stdout.write(`${JSON.stringify(toJson(entry))}\n`)
        return
      }
      const areSeveral = entries.some(({ collection }) => collection !== '')
      if (entries.length === 0) {
        if (io.stdout.isTTY === true) io.stdout.write('No question is held.\n')
        return
      }
      const withName = <T>(cells: readonly T[], name: T): readonly T[] =>
        areSeveral ? [...cells, name] : cells
      const rows = entries.map((entry) => {
        const { id, answerBy, owner, words } = entry.question
        const cells = [id, stateOf(entry), answerBy.slice(0, 19), owner, words]
        return withName(cells, entry.collection)
      })
      const head = ['id', 'state', 'answer by (UTC)', 'owner', 'question']
      writeTable(io, rows, { head: withName(head, 'collection') })
    })
}

function showCommand(io: CliIo): Command {
  return withHeldFolder(new Command('show'))
    .argument('<id>', 'ID from warren bunny held list')
    .description('print a held question, and with --dry-run what would leave')
    .option('--dry-run', 'answer it from the database, and print what would leave; nothing is sent')
    .option('--json', 'print a JSON object')
    .action(async (id: string, options: FolderOptions & { dryRun?: true; json?: true }) => {
      const { entry } = await requireEntry(id, options, io)
      if (options.json === true) io.stdout.write(`${JSON.stringify(toJson(entry), null, 2)}\n`)
      else printEntry(entry, io)
      if (options.dryRun === true) {
        await dryRun(entry.question.body, { json: options.json === true }, io)
      }
    })
}

function releaseCommand(io: CliIo): Command {
  return withDecider(new Command('release'))
    .argument('<id>', 'ID from warren bunny held list')
    .description('let a held question be answered')
    .addHelpText(
      'after',
      `
If the deadline of the task has passed, the decision applies when the same owner asks the same question again within 7 days.`,
    )
    .action(async (id: string, options: FolderOptions & { by?: string }) => {
      await decideOn(id, { ...options, decision: 'release' }, io)
    })
}

function refuseCommand(io: CliIo): Command {
  return withDecider(new Command('refuse'))
    .argument('<id>', 'ID from warren bunny held list')
    .description('answer a held question with an error')
    .option('--reason <text>', 'sent to the researcher')
    .action(async (id: string, options: FolderOptions & { by?: string; reason?: string }) => {
      await decideOn(id, { ...options, decision: 'refuse' }, io)
    })
}

const withDecider = (command: Command): Command =>
  withHeldFolder(command).option(
    '--by <name>',
    'who decides, for the record (default: your user name)',
  )

const MAX_TEXT_LENGTH = 300

async function decideOn(
  id: string,
  options: FolderOptions & { by?: string; reason?: string; decision: 'release' | 'refuse' },
  io: CliIo,
): Promise<void> {
  const { by = userName(), reason, decision } = options
  const { folder, entry } = await requireEntry(id, options, io)
  const { question } = entry
  const isFirst = await folder.decide(id, {
    decision,
    by: by.slice(0, MAX_TEXT_LENGTH),
    ...(reason === undefined ? {} : { reason: reason.slice(0, MAX_TEXT_LENGTH) }),
    at: new Date(systemClock.now()).toISOString(),
  })
  if (!isFirst) {
    const earlier = await folder.decisionOn(id)
    throw new ProgramError(
      `question ${id} was already ${earlier?.decision === 'refuse' ? 'refused' : 'released'} by ${earlier?.by ?? 'another process'}`,
    )
  }
  const isLate = Date.parse(question.answerBy) <= systemClock.now()
  const done = decision === 'release' ? 'released' : 'refused'
  io.stdout.write(
    isLate
      ? `question ${id} ${done}: the decision applies when it is asked again\n`
      : `question ${id} ${done}\n`,
  )
}

/** An entry, and the name of its collection if there are several. */
type NamedEntry = HeldEntry & { readonly collection: string }

async function listAll(options: FolderOptions, io: CliIo): Promise<NamedEntry[]> {
  const lists = await Promise.all(
    heldFoldersFrom(options, io).map(async ({ name, folder }) => {
      const entries = await new HeldFolder(folder).list()
      return entries.map((entry) => ({ ...entry, collection: name }))
    }),
  )
  return lists.flat().toSorted((one, other) => receivedAt(one) - receivedAt(other))
}

const receivedAt = ({ question }: HeldEntry): number => Date.parse(question.receivedAt)

async function requireEntry(
  id: string,
  options: FolderOptions,
  io: CliIo,
): Promise<{ readonly folder: HeldFolder; readonly entry: HeldEntry }> {
  const found = []
  for (const { name, folder: path } of heldFoldersFrom(options, io)) {
    const folder = new HeldFolder(path)
    const entry = await folder.find(id)
    if (entry !== undefined) found.push({ name, folder, entry })
  }
  const [first, ...others] = found
  if (first === undefined) {
    throw new ProgramError(`unknown held question ${JSON.stringify(id)}`, {
      hint: 'Run warren bunny held list to see the IDs.',
    })
  }
  if (others.length > 0) {
    throw new ProgramError(`question ${id} is held for ${String(found.length)} collections`, {
      exitCode: ExitCode.usage,
      hint: `Add --collection with one of: ${found.map(({ name }) => name).join(', ')}.`,
    })
  }
  return first
}

function printEntry(entry: HeldEntry, io: CliIo): void {
  const { question, decision } = entry
  const { bold } = styles(io.stdout, io.env)
  writeTable(io, [
    ['question', bold(question.words)],
    ['state', stateOf(entry)],
    ['held because', question.reason],
    ['owner', question.owner],
    ['kind', question.kind],
    ['task', question.taskId],
    ['received', question.receivedAt],
    ['answer by', question.answerBy],
    ...(decision === undefined ? [] : [['decided by', `${decision.by} at ${decision.at}`]]),
    ...(decision?.reason === undefined ? [] : [['reason', decision.reason]]),
  ])
}

const toJson = (entry: HeldEntry & { readonly collection?: string }): object => ({
  ...entry.question,
  ...((entry.collection ?? '') === '' ? {} : { link: entry.collection }),
  state: stateOf(entry),
  ...(entry.decision === undefined ? {} : { decision: entry.decision }),
})

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A container can run with a user ID that has no name.
    return `user ${String(process.getuid?.() ?? '')}`.trim()
  }
}
