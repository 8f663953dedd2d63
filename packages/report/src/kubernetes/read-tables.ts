import { kindOfReason } from './incident.ts'
import type { Incident } from './incident.ts'

/** A table of kubectl, with its columns in any order: `get events` and `get pods`, with or without the namespace. */
export function readTable(lines: readonly string[]): Incident[] {
  const [head = ''] = lines
  const columns = [...head.matchAll(/\S+(?: \S+)*/g)].map((match) => ({
    name: match[0],
    at: match.index,
  }))
  return lines.slice(1).flatMap((text, index) => {
    const cells = cellsOf(text, columns)
    const row = new Map(columns.map(({ name }, column) => [name, cells[column] ?? '']))
    const line = index + 2
    return row.has('REASON') ? eventRow(row, line) : podRow(row, line)
  })
}

/** At least two spaces separate the cells. A row with an empty cell is read by the positions of its columns. */
function cellsOf(text: string, columns: readonly { readonly at: number }[]): string[] {
  const parts = text.trim().split(/\s{2,}/)
  if (parts.length >= columns.length)
    return [...parts.slice(0, columns.length - 1), parts.slice(columns.length - 1).join(' ')]
  return columns.map(({ at }, column) => text.slice(at, columns[column + 1]?.at).trim())
}

function eventRow(row: ReadonlyMap<string, string>, line: number): Incident[] {
  const object = row.get('OBJECT') ?? ''
  const reason = row.get('REASON') ?? ''
  const isIssuing = /^(certificate|certificaterequest|order|challenge)\//i.test(object)
  const kind = isIssuing
    ? row.get('TYPE') === 'Warning'
      ? 'certificate-not-renewed'
      : undefined
    : kindOfReason(reason, row.get('MESSAGE') ?? '')
  if (kind === undefined) return []
  const count = Number(row.get('COUNT') ?? 1) || 1
  return [incident(kind, row, object.replace(/^[^/]*\//, ''), line, reason, count)]
}

function podRow(row: ReadonlyMap<string, string>, line: number): Incident[] {
  const status = row.get('STATUS') ?? ''
  const restarts = Number.parseInt(row.get('RESTARTS') ?? '', 10) || 0
  const kind = kindOfReason(status, '') ?? (restarts > 0 ? 'pod-restarted' : undefined)
  if (kind === undefined) return []
  const detail = kind === 'pod-restarted' ? '' : status
  return [
    {
      ...incident(kind, row, row.get('NAME') ?? '', line, detail, Math.max(1, restarts)),
      current: kind !== 'pod-restarted',
    },
  ]
}

function incident(
  kind: Incident['kind'],
  row: ReadonlyMap<string, string>,
  name: string,
  line: number,
  detail: string,
  count: number,
): Incident {
  const at = Number.NaN
  return {
    kind,
    namespace: row.get('NAMESPACE') ?? '',
    name,
    first: at,
    last: at,
    count,
    isEvent: row.has('REASON'),
    current: false,
    detail,
    line,
  }
}
