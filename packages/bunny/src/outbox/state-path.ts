import { createHash } from 'node:crypto'
import { isAbsolute, join } from 'node:path'

/** What identifies a bunny among others of the same user on the same machine. */
export interface BunnyIdentity {
  readonly relay: string
  readonly collectionId: string
  readonly type: string | undefined
}

/**
 * The folders in which a bunny may keep its tasks if none is configured, in order of preference. The first that can be
 * used is used: `STATE_DIRECTORY` (set by systemd), `XDG_STATE_HOME`, the user's own state folder by the convention of the
 * platform, and `/var/lib`. Each bunny has its own folder in it, named by a digest because its collection ID is secret.
 */
export function defaultStateFolders(
  env: NodeJS.ProcessEnv,
  identity: BunnyIdentity,
  platform: NodeJS.Platform = process.platform,
): string[] {
  const name = folderName(identity)
  // systemd lists several folders with colons.
  const systemd = env['STATE_DIRECTORY']?.split(':')[0]
  const bases = [
    systemd,
    below(env['XDG_STATE_HOME'], 'warren-bunny'),
    ...(platform === 'win32'
      ? [below(env['LOCALAPPDATA'], 'warren-bunny')]
      : platform === 'darwin'
        ? [below(env['HOME'], 'Library', 'Application Support', 'warren-bunny')]
        : [below(env['HOME'], '.local', 'state', 'warren-bunny'), '/var/lib/warren-bunny']),
  ]
  return bases.flatMap((base) => {
    // The XDG specification says to ignore relative paths.
    const usable = base !== undefined && isAbsolute(base)
    return usable ? [join(base, name)] : []
  })
}

/** As a relay is configured. */
export const identityOf = (relay: {
  readonly baseUrl: string
  readonly collectionId: string
  readonly type: string | undefined
}): BunnyIdentity => ({
  relay: relay.baseUrl,
  collectionId: relay.collectionId,
  type: relay.type,
})

/** The first collection has the configured folder for itself, and each other one a folder in it. */
export const ownFolder = (folder: string, identity: BunnyIdentity, isFirst: boolean): string =>
  isFirst ? folder : join(folder, folderName(identity))

/** The name of a folder of this bunny among those of others: a digest, because the collection ID is secret. */
function folderName({ relay, collectionId, type = '' }: BunnyIdentity): string {
  return createHash('sha256')
    .update(JSON.stringify([relay, collectionId, type]))
    .digest('hex')
    .slice(0, 16)
}

// Not os.homedir(): it throws if HOME is not set and the user has no passwd entry, as in some containers.
function below(folder: string | undefined, ...names: string[]): string | undefined {
  return folder === undefined || folder === '' ? undefined : join(folder, ...names)
}
