import { type CliIo, ExitCode, fileErrorReason, ProgramError, progressBar } from '@warren/runtime'
import type { Command } from 'commander'
import { loadRelayConfig } from '../config/relay-config.ts'
import { BackupError, backupSqlite, restoreSqlite } from '../store/sqlite-backup.ts'
import { confirm } from './command-output.ts'

/** `warren relay backup` and `restore`, for a hub with SQLite. */
export function addBackupCommands(relay: Command, io: CliIo): void {
  relay
    .command('backup')
    .argument('<file>', 'new file for the backup')
    .description('copy the SQLite database to one file, also while the relay is running')
    .action(async (file: string) => {
      const path = sqliteFile(io)
      const bar = progressBar({ title: 'backup', total: 100, stream: io.stderr, env: io.env })
      await explained('back up', () =>
        backupSqlite(path, file, (done, total) => bar.update((100 * done) / Math.max(1, total))),
      ).finally(() => bar.stop())
      io.stdout.write(`${file}\n`)
    })

  relay
    .command('restore')
    .argument('<file>', 'backup made by "relay backup"')
    .description('put a backup in the place of the SQLite database; the relay must be stopped')
    .option('-y, --yes', 'do not ask for confirmation')
    .addHelpText(
      'after',
      `
The present database is kept next to it. After a restore, tasks that were open at the time of the
backup are handed out again until their deadlines, and results that were submitted since may be
submitted once more: the upstream rejects what it has already. Users and nodes are as they were.`,
    )
    .action(async (file: string, options: { yes?: boolean }) => {
      const path = sqliteFile(io)
      await confirm(io, options.yes, `Replace ${path} by ${file}?`)
      const kept = `${path}.before-restore-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`
      await explained('restore', () => restoreSqlite(file, path, kept))
      io.stdout.write(`${path}\n`)
    })
}

function sqliteFile(io: CliIo): string {
  const { storeTarget } = loadRelayConfig(io.env)
  if (storeTarget.technology === 'sqlite') return storeTarget.file
  throw new ProgramError('the database is PostgreSQL, not a SQLite file', {
    exitCode: ExitCode.usage,
    hint: 'Use pg_dump --format=custom and pg_restore, or the backups of your PostgreSQL service.',
  })
}

async function explained(action: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error: unknown) {
    const reason = error instanceof BackupError ? error.message : fileErrorReason(error, 'write')
    throw new ProgramError(`cannot ${action}: ${reason}`, { cause: error })
  }
}
