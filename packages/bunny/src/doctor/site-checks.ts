import { constants } from 'node:fs'
import { access, open, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { TABLE_SWITCHES } from '@warren/cdm'
import { fileErrorReason, newUuid, ProgramError } from '@warren/runtime'
import { FolderLock } from '../outbox/folder-lock.ts'
import { describePolicy } from '../policy/describe-policy.ts'
import { PolicyFileError, readPolicyFile } from '../policy/policy-file.ts'
import type { SiteSettings } from '../site-settings.ts'
import type { Checklist } from './checklist.ts'
import { failed, ok, warning, type Finding } from './step.ts'

/** What may leave as a sentence that an information-governance officer can read. */
export function checkPolicy(list: Checklist, settings: SiteSettings): Promise<boolean> {
  const name = { id: 'policy', area: 'configuration', title: 'what may leave' } as const
  return list.run(name, () => {
    const { threshold, nearest } = settings.policy
    const suppressed =
      threshold > 0 ? `counts below ${threshold} leave as 0` : 'small counts are not suppressed'
    const rounds =
      nearest > 0 ? `others are rounded to a multiple of ${nearest}` : 'others are not rounded'
    const words = `${suppressed}, ${rounds}; ${extrasOf(settings)}`
    if (threshold <= 0)
      return warning(words, 'Set LOW_NUMBER_SUPPRESSION_THRESHOLD, for example to 10.')
    if (nearest > 0 && threshold % nearest !== 0) {
      const near = [Math.floor(threshold / nearest), Math.ceil(threshold / nearest)]
        .map((factor) => factor * nearest)
        .filter((value) => value > 0)
      return warning(
        `${words}; the threshold is not a multiple of the rounding, so a rounded count can be below it`,
        `Set LOW_NUMBER_SUPPRESSION_THRESHOLD to ${near.join(' or ')}.`,
      )
    }
    return ok(words)
  })
}

/** What the site has switched on. */
function extrasOf({ omop, ages, statistics }: SiteSettings): string {
  const on = [
    ...TABLE_SWITCHES.filter((table) => omop[table] === true),
    ...(ages ? ['ages'] : []),
    ...(statistics ? ['statistics of values'] : []),
  ]
  return on.length === 0 ? 'nothing optional is switched on' : `also switched on: ${on.join(', ')}`
}

/** The policy file, with which the daemon does not start if it is not valid. */
export function checkPolicyFile(list: Checklist, path: string | undefined): Promise<boolean> {
  const name = { id: 'policy.file', area: 'configuration', title: 'policy of the site' } as const
  return list.run(name, async () => {
    if (path === undefined) return ok('none: every valid question is answered')
    try {
      const { policy } = await readPolicyFile(path)
      return ok(describePolicy(policy).join(' '))
    } catch (error: unknown) {
      if (!(error instanceof PolicyFileError)) throw error
      const advice =
        'Correct the file in BUNNY_POLICY_FILE. warren bunny policy check lists all problems.'
      return failed(error.message, advice)
    }
  })
}

export interface StateFolders {
  readonly mode: 'auto' | 'disk' | 'memory'
  /** The configured folder. */
  readonly folder: string | undefined
  /** Those that are tried if none is configured. */
  readonly defaultFolders: readonly string[]
}

const LOW_SPACE_BYTES = 500_000_000
const IN_MEMORY = 'a crash loses the tasks and results in hand'

/** Where the bunny keeps tasks and results: writable, with space, and used by at most one bunny. */
export function checkState(list: Checklist, state: StateFolders): Promise<boolean> {
  const { mode, folder, defaultFolders } = state
  const name = { id: 'state', area: 'state', title: 'state folder' } as const
  return list.run(name, async () => {
    if (mode === 'memory') return warning(`not used (BUNNY_STATE=memory): ${IN_MEMORY}`)
    if (folder !== undefined) return await findFolder(folder, 'BUNNY_STATE_DIR')
    for (const one of defaultFolders) {
      const found = await findFolder(one, 'BUNNY_STATE_DIR')
      if (found.status !== 'failed') return found
    }
    const advice = 'Set BUNNY_STATE_DIR to a folder that the user of the bunny can write to.'
    return mode === 'disk'
      ? failed('no folder can be used, but BUNNY_STATE=disk', advice)
      : warning(`no folder can be used: ${IN_MEMORY}`, advice)
  })
}

/** The folder of the audit record, if it is not in the state folder. */
export function checkAuditFolder(list: Checklist, path: string): Promise<boolean> {
  const name = { id: 'state.audit', area: 'state', title: 'audit folder' } as const
  return list.run(name, () => findFolder(path, 'BUNNY_AUDIT_DIR'))
}

export function checkCacheFolder(list: Checklist, path: string): Promise<boolean> {
  const name = { id: 'state.cache', area: 'state', title: 'cache folder' } as const
  return list.run(name, () => findFolder(path, 'CACHE_DIR'))
}

/** A folder that is writable or can be created, and `variable` that names it. */
export async function findFolder(path: string, variable: string): Promise<Finding> {
  try {
    const exists = await stat(path).then(
      (info) => info.isDirectory(),
      () => undefined,
    )
    if (exists === false) return failed(`${path} is not a folder`, `Check ${variable}.`)
    if (exists === undefined) {
      await access(await existingParent(path), constants.W_OK)
      return ok(`${path} does not exist yet and will be created`)
    }
    await writeProbe(path)
    return await describeFolder(path)
  } catch (error: unknown) {
    return failed(
      `${path} is not writable: ${fileErrorReason(error, 'write')}`,
      `Make the folder in ${variable} writable for the user that runs the bunny.`,
    )
  }
}

async function existingParent(path: string): Promise<string> {
  let parent = dirname(path)
  while (parent !== dirname(parent)) {
    const found = await stat(parent).catch(() => undefined)
    if (found !== undefined) return parent
    parent = dirname(parent)
  }
  return parent
}

async function writeProbe(path: string): Promise<void> {
  const probe = join(path, `.check-${newUuid()}`)
  try {
    const file = await open(probe, 'wx', 0o600)
    await file.close()
  } finally {
    await rm(probe, { force: true })
  }
}

async function describeFolder(path: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(path)
  const free = bavail * bsize
  const space = `${(free / 1e9).toFixed(1)} GB free`
  const holder = (await isLocked(path)) ? ', in use by a running bunny' : ''
  if (free < LOW_SPACE_BYTES) {
    return warning(`${path} is writable, ${space}${holder}`, 'Free space on this disk.')
  }
  return ok(`${path} is writable, ${space}${holder}`)
}

async function isLocked(path: string): Promise<boolean> {
  // A lock file is not made here: a folder that was never used has none.
  const hasLock = await stat(join(path, 'lock')).catch(() => undefined)
  if (hasLock === undefined) return false
  try {
    const lock = await FolderLock.acquire(path)
    lock[Symbol.dispose]()
    return false
  } catch (error: unknown) {
    if (error instanceof ProgramError) return true
    throw error
  }
}
