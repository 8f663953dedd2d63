import { auditFiles, auditLines } from './audit-files.ts'
import { CHAIN_START, chainProblem, checkLine, type ChainEnd } from './audit-chain.ts'

export interface VerifyOptions {
  /** The number of the first entry. Higher than 1 if older files were moved elsewhere. */
  readonly first?: number
  /** An end of the chain that was noted earlier. It must still be in it. */
  readonly expected?: ChainEnd
}

export interface AuditVerdict {
  readonly entries: number
  readonly files: number
  /** To note elsewhere: it proves later that nothing was removed. */
  readonly end: ChainEnd
  readonly firstTime: string | undefined
  readonly lastTime: string | undefined
  /** The first 100. */
  readonly problems: readonly { readonly at: string; readonly problem: string }[]
  readonly problemCount: number
  /** The last line is incomplete, as a crash leaves it. The next start of the bunny repairs it. */
  readonly hasTornLine: boolean
}

const MAX_PROBLEMS = 100

/**
 * Checks every entry and their chain, in constant memory. Finds changed, removed, added and reordered entries. Entries that
 * were removed at the end, or a chain that was computed again from scratch, are found only with `expected`.
 */
export async function verifyAudit(
  folder: string,
  { first = 1, expected }: VerifyOptions = {},
): Promise<AuditVerdict> {
  const files = await auditFiles(folder)
  const problems: { at: string; problem: string }[] = []
  let problemCount = 0
  const report = (at: string, problem: string): void => {
    problemCount += 1
    if (problems.length < MAX_PROBLEMS) problems.push({ at, problem })
  }
  let end: ChainEnd = { ...CHAIN_START, seq: first - 1 }
  let entries = 0
  let firstTime: string | undefined
  let lastTime: string | undefined
  let hasTornLine = false
  let hasExpected = expected === undefined || expected.seq === 0
  for await (const { bytes, isEnded, at } of auditLines(files)) {
    if (!isEnded) {
      hasTornLine = true
      continue
    }
    const checked = checkLine(bytes)
    if (!checked.ok) {
      report(at, checked.problem)
      continue
    }
    const { entry } = checked
    const isArchivedStart = entries === 0 && first > 1 && entry.seq === first
    const problem = isArchivedStart ? undefined : chainProblem(entry, end)
    if (problem !== undefined) report(at, problem)
    entries += 1
    firstTime ??= entry.time
    lastTime = entry.time
    // After a gap the chain continues from here, so that one removed entry is one problem.
    if (entry.seq > end.seq) end = { seq: entry.seq, hash: entry.hash }
    if (entry.seq === expected?.seq && entry.hash === expected.hash) hasExpected = true
  }
  if (!hasExpected && expected !== undefined) {
    const problem =
      end.seq < expected.seq
        ? `the record ends at entry ${String(end.seq)}, but it had ${String(expected.seq)}: entries were removed at the end`
        : `entry ${String(expected.seq)} is not the entry that had the expected hash: the record was written again`
    report('the record', problem)
  }
  return {
    entries,
    files: files.length,
    end,
    firstTime,
    lastTime,
    problems,
    problemCount,
    hasTornLine,
  }
}
