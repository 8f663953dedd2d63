import type { AuditEntry, Left, QuestionEvent } from './audit-entry.ts'

/** What left, in a few words: `30 people`, `7 rows`, `nothing`. */
export function leftText(left: Left | undefined, kind: QuestionEvent['question']['kind']): string {
  if (left === undefined) return 'nothing'
  if (left.status !== 'ok') return 'no number'
  if (kind === 'distribution') return `${String(left.count)} row${left.count === 1 ? '' : 's'}`
  return `${String(left.count)} people`
}

/** The columns of the table and of the CSV export. */
export const ENTRY_COLUMNS = [
  'seq',
  'time',
  'event',
  'owner',
  'project',
  'requester',
  'collection',
  'hub',
  'task',
  'kind',
  'question',
  'question_sha256',
  'received_at',
  'reason',
  'by',
  'warning',
  'status',
  'count',
  'message',
  'files',
  'threshold',
  'nearest',
  'policy_file',
  'version',
  'detail',
  'hash',
] as const

type EntryColumn = (typeof ENTRY_COLUMNS)[number]

/** The values of an entry by column. */
export function entryColumns(entry: AuditEntry): Readonly<Partial<Record<EntryColumn, string>>> {
  const { seq, time, event, hash, version } = entry
  const common = { seq: String(seq), time, event, hash, version }
  if (!('asker' in entry)) return { ...common, detail: entry.detail }
  const { asker, question, left, policy } = entry
  return {
    ...common,
    owner: asker.owner,
    project: asker.project ?? '',
    requester: asker.requester ?? '',
    collection: asker.collection,
    hub: asker.hub,
    task: entry.taskId,
    kind: question.kind,
    question: question.words,
    question_sha256: question.sha256,
    received_at: entry.receivedAt,
    reason: entry.reason ?? '',
    by: entry.by ?? '',
    warning: entry.warning ?? '',
    status: left?.status ?? '',
    count: left === undefined || left.status !== 'ok' ? '' : String(left.count),
    message: left?.message ?? '',
    files: (left?.files ?? [])
      .map(({ name, rows, sha256 }) => `${name} ${String(rows)} rows sha256:${sha256}`)
      .join('; '),
    threshold: String(policy.threshold),
    nearest: String(policy.nearest),
    policy_file: policy.file ?? '',
  }
}
