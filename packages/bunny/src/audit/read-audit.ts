import { fileErrorReason, ExitCode, ProgramError } from '@warren/runtime'
import { auditFiles, auditLines } from './audit-files.ts'
import { checkLine } from './audit-chain.ts'
import type { AuditEntry } from './audit-entry.ts'

export interface AuditFilter {
  readonly since?: Date
  readonly owner?: string
}

/**
 * The entries that match, oldest first, one at a time. Lines that are not entries are left out: `verifyAudit` reports them.
 * Throws `ProgramError` if the record cannot be read.
 */
export async function* readAudit(
  folder: string,
  { since, owner }: AuditFilter,
): AsyncGenerator<AuditEntry> {
  for await (const { bytes, isEnded } of auditLines(await requireFiles(folder))) {
    const checked = isEnded ? checkLine(bytes) : undefined
    if (checked?.ok !== true) continue
    const { entry } = checked
    if (since !== undefined && Date.parse(entry.time) < since.getTime()) continue
    if (owner !== undefined && !('asker' in entry && entry.asker.owner === owner)) continue
    yield entry
  }
}

/** The files of a record that exists. */
export async function requireFiles(folder: string): Promise<string[]> {
  let files: string[]
  try {
    files = await auditFiles(folder)
  } catch (error: unknown) {
    const reason =
      error instanceof Error && 'code' in error && error.code === 'ENOENT'
        ? 'the folder does not exist'
        : fileErrorReason(error, 'read')
    throw unreadable(folder, reason, error)
  }
  if (files.length === 0) throw unreadable(folder, 'it contains no audit record')
  return files
}

function unreadable(folder: string, reason: string, cause?: unknown): ProgramError {
  return new ProgramError(`cannot read the audit record in ${folder}: ${reason}`, {
    exitCode: ExitCode.unavailable,
    hint: 'Set BUNNY_AUDIT_DIR as for the daemon, or pass --dir FOLDER.',
    ...(cause === undefined ? {} : { cause }),
  })
}
