import { ExitCode, fileErrorReason, newUuid, ProgramError, type Logger } from '@warren/runtime'
import type { Clock } from './clock.ts'
import type { BunnyConfig } from './config.ts'
import { errorText } from './error-text.ts'
import { openState, type State } from './outbox/open-state.ts'
import { defaultStateFolders, identityOf, ownFolder } from './outbox/state-path.ts'
import { RelayLink } from './relay-link.ts'
import type { RelayConfig } from './relay-settings.ts'
import { siteSettings } from './site-settings.ts'
import { DistributionCache } from './solve/distribution-cache.ts'
import { databaseLabel } from './source-config.ts'
import { VERSION } from './version.ts'

/** One of the configured collections. */
export interface CollectionPlace {
  readonly relay: RelayConfig
  readonly isFirst: boolean
}

interface Context {
  readonly log: Logger
  readonly clock: Clock
}

/** The connection to the relay. Throws `ProgramError` (78) for a proxy or certificate that cannot be used. */
export function openLink(
  config: BunnyConfig,
  relay: RelayConfig,
  env: NodeJS.ProcessEnv,
  log: Logger,
): RelayLink {
  try {
    return new RelayLink({
      baseUrl: relay.baseUrl,
      username: relay.username,
      password: relay.password,
      collection: relay.collectionId,
      type: relay.type,
      version: VERSION,
      // A random ID distinguishes processes without naming a machine of the site.
      workerId: config.workerId ?? newUuid(),
      requestTimeoutMs: config.requestTimeoutMs,
      env,
      tls: relay.tls,
      log,
    })
  } catch (error: unknown) {
    // For example, NODE_EXTRA_CA_CERTS names a file that cannot be read.
    throw new ProgramError(errorText(error), { exitCode: ExitCode.config, cause: error })
  }
}

/** The tasks and results of a collection. Throws `ProgramError` if they must be on disk and cannot be. */
export function openCollectionState(
  config: BunnyConfig,
  place: CollectionPlace,
  env: NodeJS.ProcessEnv,
  { log, clock }: Context,
): Promise<State> {
  return openState({
    ...stateFolders(config, place, env),
    validFor: JSON.stringify(resultsDependOn(config)),
    maxBytes: config.stateMaxMegabytes * 1_000_000,
    now: clock.now(),
    log,
  })
}

/** Where the tasks and results of a collection may be. */
export function stateFolders(
  { stateMode: mode, stateDir }: BunnyConfig,
  { relay, isFirst }: CollectionPlace,
  env: NodeJS.ProcessEnv,
) {
  const identity = identityOf(relay)
  return {
    mode,
    folder: stateDir === undefined ? undefined : ownFolder(stateDir, identity, isFirst),
    defaultFolders: defaultStateFolders(env, identity),
  }
}

/** The cached distributions of a collection. Throws `ProgramError` (78) if the folder cannot be used. */
export async function openCache(
  config: BunnyConfig,
  { relay, isFirst }: CollectionPlace,
  { log, clock }: Context,
): Promise<DistributionCache> {
  try {
    return await DistributionCache.open({
      folder: ownFolder(config.cacheDir, identityOf(relay), isFirst),
      ttlMs: config.cacheTtlHours * 3_600_000,
      validFor: resultsDependOn(config),
      clock,
      log,
    })
  } catch (error: unknown) {
    if (error instanceof ProgramError) throw error
    throw new ProgramError(`CACHE_DIR: cannot use the folder: ${fileErrorReason(error, 'write')}`, {
      exitCode: ExitCode.config,
      hint: 'Create the folder in CACHE_DIR and make it writable for the user that runs the bunny.',
      cause: error,
    })
  }
}

/** Results are not used after one of these has changed. */
const resultsDependOn = (config: BunnyConfig) => ({
  ...siteSettings(config),
  database: databaseLabel(config),
})
