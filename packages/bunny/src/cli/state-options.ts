import { join } from 'node:path'
import { ExitCode, nearestName, ProgramError, type CliIo } from '@warren/runtime'
import type { Command } from 'commander'
import { findFolders, type CollectionFolders } from '../collection-folders.ts'

export interface FolderOptions {
  readonly dir?: string
  readonly collection?: string
}

/** The folder of a collection. */
export interface NamedFolder {
  /** The name of the collection if there are several, otherwise ''. */
  readonly name: string
  readonly folder: string
}

/** Adds the options that select the collection. `what`: of which folder. */
export const withFolder = (command: Command, what: string): Command =>
  command
    .option('--dir <folder>', `folder of ${what} (default: from the variables of the daemon)`)
    .option(
      '--collection <name>',
      'one of several collections, by its TASK_API_NAME or TASK_API_<n>_NAME (default: all)',
    )

/** The folders of the audit records: the given one, or those of the daemon's configuration. */
export function auditFoldersFrom(options: FolderOptions, io: CliIo): readonly NamedFolder[] {
  return select(options, io, ({ audit }) => audit, {
    message: 'no folder of an audit record is configured',
    hint: 'Set BUNNY_STATE_DIR or BUNNY_AUDIT_DIR as for the daemon, or pass --dir FOLDER.',
  })
}

/** The folders of the held questions of a daemon, which may be running. */
export function heldFoldersFrom(options: FolderOptions, io: CliIo): readonly NamedFolder[] {
  const found = select(options, io, ({ policy }) => policy, {
    message: 'no folder of held questions is configured',
    hint: 'Set BUNNY_STATE_DIR as for the daemon, or pass --dir FOLDER.',
  })
  return found.map(({ name, folder }) => ({ name, folder: join(folder, 'held') }))
}

function select(
  { dir, collection }: FolderOptions,
  { env }: CliIo,
  folderOf: (folders: CollectionFolders) => string | undefined,
  missing: { message: string; hint: string },
): readonly NamedFolder[] {
  if (dir !== undefined) return [{ name: '', folder: dir }]
  const all = findFolders(env)
  const chosen = collection === undefined ? all : all.filter(({ name }) => name === collection)
  if (collection !== undefined && chosen.length === 0) {
    throw unknownCollection(
      collection,
      all.map(({ name }) => name),
    )
  }
  const found = chosen.flatMap((one) => {
    const folder = folderOf(one)
    return folder === undefined ? [] : [{ name: all.length === 1 ? '' : one.name, folder }]
  })
  if (found.length > 0) return found
  throw new ProgramError(missing.message, { exitCode: ExitCode.config, hint: missing.hint })
}

function unknownCollection(given: string, names: readonly string[]): ProgramError {
  const near = nearestName(given, names)
  return new ProgramError(`unknown collection ${JSON.stringify(given)}`, {
    exitCode: ExitCode.usage,
    hint: near === undefined ? `Use one of: ${names.join(', ')}.` : `Did you mean ${near}?`,
  })
}
