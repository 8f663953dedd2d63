import { join } from 'node:path'
import { ExitCode, ProgramError, type CliIo } from '@warren/runtime'
import { findFolders } from '../record-config.ts'

/** The folder of the audit record: the given one, or the one of the daemon's configuration. */
export function auditFolderFrom(dir: string | undefined, io: CliIo): string {
  const folder = dir ?? findFolders(io.env).audit
  if (folder !== undefined) return folder
  throw new ProgramError('no folder of an audit record is configured', {
    exitCode: ExitCode.config,
    hint: 'Set BUNNY_STATE_DIR or BUNNY_AUDIT_DIR as for the daemon, or pass --dir FOLDER.',
  })
}

/** The folder of the held questions of a daemon, which may be running. */
export function heldFolderFrom(dir: string | undefined, io: CliIo): string {
  const folder = dir ?? findFolders(io.env).policy
  if (folder !== undefined) return join(folder, 'held')
  throw new ProgramError('no folder of held questions is configured', {
    exitCode: ExitCode.config,
    hint: 'Set BUNNY_STATE_DIR as for the daemon, or pass --dir FOLDER.',
  })
}
