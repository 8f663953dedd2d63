import { createHash } from 'node:crypto'
import { auditEntrySchema, type AuditEntry, type AuditEvent } from './audit-entry.ts'

/** Where the chain has got to. */
export interface ChainEnd {
  /** The number of the last entry; 0 if there is none. */
  readonly seq: number
  readonly hash: string
}

/** Stands for the hash before the first entry. */
const FIRST_PREVIOUS = '0'.repeat(64)

export const CHAIN_START: ChainEnd = { seq: 0, hash: FIRST_PREVIOUS }

/** A line with a task of the largest size is far shorter: words and reasons are cut. */
export const MAX_LINE_BYTES = 256 * 1024

const HASH_MEMBER = /,"hash":"([0-9a-f]{64})"\}$/

/**
 * The line for the next entry. Its hash covers all bytes of the line before the member `hash`, and with `previous` the whole
 * chain up to it.
 */
export function sealEntry(
  event: AuditEvent,
  { after, time }: { after: ChainEnd; time: number },
): { line: string; end: ChainEnd } {
  const seq = after.seq + 1
  const body = JSON.stringify({
    seq,
    time: new Date(time).toISOString(),
    ...event,
    previous: after.hash,
  })
  const hash = sha256(body)
  return { line: `${body.slice(0, -1)},"hash":"${hash}"}\n`, end: { seq, hash } }
}

export type CheckedLine =
  | { readonly ok: true; readonly entry: AuditEntry }
  | { readonly ok: false; readonly problem: string }

/** Checks one line by itself: its hash covers its own bytes, and it is an entry. */
export function checkLine(bytes: Buffer | undefined): CheckedLine {
  if (bytes === undefined) return { ok: false, problem: 'the line is too long to be an entry' }
  const line = bytes.toString('utf8')
  const match = HASH_MEMBER.exec(line)
  if (match?.[1] === undefined) return { ok: false, problem: 'the line is not an entry' }
  if (sha256(`${line.slice(0, match.index)}}`) !== match[1]) {
    return { ok: false, problem: 'the entry was changed: its hash does not match its content' }
  }
  const entry = parseEntry(line)
  return entry === undefined
    ? { ok: false, problem: 'the line is not an entry' }
    : { ok: true, entry }
}

/** An entry without a check of its hash, or `undefined`. */
function parseEntry(line: string): AuditEntry | undefined {
  try {
    const parsed = auditEntrySchema.safeParse(JSON.parse(line))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

/** Why `entry` does not follow `end`, or `undefined`. */
export function chainProblem(entry: AuditEntry, end: ChainEnd): string | undefined {
  if (entry.seq > end.seq + 1) {
    const from = end.seq + 1
    const to = entry.seq - 1
    return from === to
      ? `entry ${String(from)} is missing before this entry`
      : `entries ${String(from)} to ${String(to)} are missing before this entry`
  }
  if (entry.seq <= end.seq) {
    return `entry ${String(entry.seq)} follows entry ${String(end.seq)}: the entries were reordered or repeated`
  }
  if (entry.previous !== end.hash) {
    return 'the entry does not continue the chain: the entry before it was replaced'
  }
  return undefined
}

export const sha256 = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('hex')
