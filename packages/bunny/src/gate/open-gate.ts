import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CohortOptions } from '@warren/cohort'
import { ExitCode, fileErrorReason, ProgramError, shellWord, type Logger } from '@warren/runtime'
import { AuditDamaged, AuditLog } from '../audit/audit-log.ts'
import type { Clock } from '../clock.ts'
import type { BunnyConfig } from '../config.ts'
import { HeldFolder } from '../held/held-folder.ts'
import { BunnyEvent } from '../log-events.ts'
import { identityOf, ownFolder } from '../outbox/state-path.ts'
import type { RelayConfig } from '../relay-settings.ts'
import { FolderLock } from '../outbox/folder-lock.ts'
import { DeniedConcepts } from '../policy/denied-concepts.ts'
import { PolicyFile, PolicyFileError, type PolicyChange } from '../policy/policy-file.ts'
import { SimilarQuestions } from '../policy/similar-questions.ts'
import { Usage } from '../policy/usage.ts'
import { ConceptNameCache } from '../question/concept-names.ts'
import { auditFolder, policyFolder } from '../record-config.ts'
import type { CdmSource } from '../sources/cdm-source.ts'
import { VERSION } from '../version.ts'
import { policyProblem } from './preview-policy.ts'
import { SiteRecord } from './site-record.ts'
import { TaskGate } from './task-gate.ts'

export interface OpenGateOptions {
  readonly source: CdmSource
  readonly omop: CohortOptions
  readonly relay: RelayConfig
  /** Whether it is the first of several collections. */
  readonly isFirst: boolean
  /** Where the bunny keeps its state; `undefined`: in memory. */
  readonly stateFolder: string | undefined
  /** Decides as usual, but records, counts and holds nothing. */
  readonly isDryRun: boolean
  readonly clock: Clock
  readonly log: Logger
}

export interface OpenGate extends AsyncDisposable {
  readonly gate: TaskGate
}

/** Opens the record, the policy and the counts of a site. Throws `ProgramError` if one of them cannot be used. */
export async function openGate(config: BunnyConfig, options: OpenGateOptions): Promise<OpenGate> {
  const { source, omop, stateFolder, isDryRun, clock, log } = options
  await using opening = new AsyncDisposableStack()
  const audit = isDryRun ? undefined : await openAudit(config, options, opening)
  const record = new SiteRecord({ audit, onFailure: config.auditOnFailure, log })
  const folder = isDryRun ? undefined : policyFolder(stateFolder)
  const policy = await openPolicy(config.policyFile, record, log)
  const { limits, hold } = (await policy.current()).policy
  const isLimited = [limits.perOwner, limits.all].some((one) => Object.keys(one).length > 0)
  if (!isDryRun && folder === undefined && (isLimited || hold.length > 0)) {
    log.warn({ policyFile: config.policyFile }, BunnyEvent.policyWithoutFolder)
  }
  await record.append({ event: 'started', detail: describeSite(config), version: VERSION })
  opening.defer(async () => {
    await record.append({ event: 'stopped', detail: 'the bunny stopped', version: VERSION })
  })
  const gate = new TaskGate({
    record,
    policy,
    denied: new DeniedConcepts(source, log),
    usage: await openCount(folder, { name: 'usage.json', open: (path) => Usage.open(path) }),
    similar: await openCount(folder, {
      name: 'similar.json',
      open: (path) => SimilarQuestions.open(path),
    }),
    held: folder === undefined ? undefined : new HeldFolder(join(folder, 'held')),
    names: new ConceptNameCache(source, () => clock.now()),
    namesAreUsed: audit !== undefined || config.policyFile !== undefined,
    omop,
    disclosure: { threshold: config.threshold, nearest: config.nearest },
    collectionId: options.relay.collectionId,
    hub: URL.parse(options.relay.baseUrl)?.host ?? '',
    version: VERSION,
    clock,
    log,
  })
  const opened = opening.move()
  return { gate, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

async function openAudit(
  config: BunnyConfig,
  { stateFolder, relay, isFirst, clock, log }: OpenGateOptions,
  opening: AsyncDisposableStack,
): Promise<AuditLog | undefined> {
  const { auditDir } = config
  // Each collection has a record of its own.
  const configured =
    auditDir === undefined ? undefined : ownFolder(auditDir, identityOf(relay), isFirst)
  const folder = auditFolder(configured, stateFolder)
  if (!config.auditEnabled || folder === undefined) return undefined
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    opening.use(await FolderLock.acquire(folder))
    const audit = await AuditLog.open({
      folder,
      maxBytes: config.auditMaxMegabytes * 1_000_000,
      version: VERSION,
      clock,
    })
    opening.use(audit)
    // The end in another place proves later that no entry was removed.
    log.info({ folder, seq: audit.end.seq, hash: audit.end.hash }, BunnyEvent.auditOpened)
    return audit
  } catch (error: unknown) {
    if (error instanceof ProgramError) throw error
    if (config.auditOnFailure === 'answer') {
      log.error({ folder, onFailure: 'answer', err: error }, BunnyEvent.auditFailure)
      return undefined
    }
    const isDamaged = error instanceof AuditDamaged
    const reason = isDamaged ? error.message : fileErrorReason(error, 'write')
    throw new ProgramError(`cannot write the audit record in ${folder}: ${reason}`, {
      exitCode: ExitCode.config,
      hint: isDamaged
        ? `Run warren bunny audit verify --dir ${shellWord(folder)}, keep the files for inspection, and set BUNNY_AUDIT_DIR to an empty folder.`
        : 'Make the folder in BUNNY_AUDIT_DIR writable for the user that runs the bunny.',
      cause: error,
    })
  }
}

async function openPolicy(
  path: string | undefined,
  record: SiteRecord,
  log: Logger,
): Promise<PolicyFile> {
  const onChange = async (change: PolicyChange): Promise<void> => {
    await record.append(
      change.kind === 'changed'
        ? {
            event: 'policy changed',
            detail: `policy file SHA-256 ${change.sha256}`,
            version: VERSION,
          }
        : {
            event: 'policy invalid',
            detail: `the earlier policy stays: ${change.reason}`.slice(0, 2000),
            version: VERSION,
          },
    )
  }
  try {
    return await PolicyFile.open({ path, log, onChange })
  } catch (error: unknown) {
    if (!(error instanceof PolicyFileError)) throw error
    throw policyProblem(error)
  }
}

/** Opens a file in the folder of the policy; without a folder, in memory. */
async function openCount<T>(
  folder: string | undefined,
  { name, open }: { name: string; open: (path: string | undefined) => Promise<T> },
): Promise<T> {
  if (folder === undefined) return await open(undefined)
  const path = join(folder, name)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return await open(path)
  } catch (error: unknown) {
    throw new ProgramError(`cannot read ${path}: ${fileErrorReason(error, 'read')}`, {
      exitCode: ExitCode.config,
      hint: 'Restore the file from a backup. Without it, limits and similar questions begin again from 0.',
      cause: error,
    })
  }
}

function describeSite(config: BunnyConfig): string {
  const { threshold, nearest, policyFile } = config
  return `threshold ${String(threshold)}, rounding ${String(nearest)}, policy file ${policyFile ?? 'none'}`
}
