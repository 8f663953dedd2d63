import type { ReportDocument, Source } from '../document/report-document.ts'
import { isKubernetesFormat } from '../kubernetes/kubernetes-file.ts'
import { logCommands } from '../vocabulary/log-commands.ts'
import type { Role } from '../vocabulary/role.ts'
import { formatCount, formatList } from '../vocabulary/figures.ts'

/** What a set of logs contains, and what is missing for a proof that the network works. */
export interface LogCheck {
  readonly document: 'warren-log-check'
  /** major.minor; a new minor version only adds members. */
  readonly version: '1.0'
  /** Nothing that a proof needs is missing. */
  readonly complete: boolean
  readonly files: readonly CheckedFile[]
  /** What a proof needs first, then what only helps to find causes. */
  readonly missing: readonly MissingLog[]
}

export interface CheckedFile {
  readonly file: string
  /** Format of the lines; `not recognised` if there is none. */
  readonly format: string
  readonly wrapper: string
  readonly role: Role
  readonly program: string | null
  readonly lines: number
  /** The file is large and only its beginning and end were read: `lines` is an estimate. */
  readonly estimated: boolean
  readonly unreadable: number
  /** UTC; null if unknown. */
  readonly from: string | null
  readonly to: string | null
  readonly dateKnown: boolean
}

export interface MissingLog {
  readonly log: string
  /** Without it, something cannot be proven. */
  readonly required: boolean
  readonly why: string
  /** Alternatives; placeholders are in capitals. */
  readonly commands: readonly string[]
}

const MAX_NAMED = 5

/**
 * @param document the report on the logs, or on samples of them
 * @param scales how many times larger a file is than the sample that was read of it, by file name
 */
export function checkLogs(
  document: ReportDocument,
  scales: ReadonlyMap<string, number> = new Map(),
): LogCheck {
  const missing = [...missingPrograms(document), ...limits(document), ...helpful(document)]
  return {
    document: 'warren-log-check',
    version: '1.0',
    complete: missing.every(({ required }) => !required),
    files: document.sources.map((source) => checkedFile(source, document, scales)),
    missing,
  }
}

function checkedFile(
  source: Source,
  { components, timeRange }: ReportDocument,
  scales: ReadonlyMap<string, number>,
): CheckedFile {
  const { file, format, wrapper, role, lines, unreadable, first, last, component } = source
  const scale = scales.get(file)
  return {
    file,
    format,
    wrapper,
    role,
    program: components.find(({ id }) => id === component)?.program ?? null,
    lines: Math.round(lines * (scale ?? 1)),
    estimated: scale !== undefined,
    unreadable,
    from: first,
    to: last,
    dateKnown: timeRange.dateKnown,
  }
}

/** Programs of the network whose log is not there. */
function missingPrograms(document: ReportDocument): MissingLog[] {
  const { components, links } = document
  const add = (role: Role, why: string): MissingLog => ({
    ...wanted(role, document),
    required: true,
    why,
  })
  const logged = (role: Role): boolean =>
    components.some((component) => component.role === role && component.seenIn === 'own-log')
  const missing: MissingLog[] = []
  if (!logged('relay'))
    missing.push(
      add('relay', 'Only the relay log shows which clients poll, and why one is rejected.'),
    )
  if (!logged('client'))
    missing.push(
      add('client', 'Only the log of a client shows requests that never reach the relay.'),
    )
  for (const { kind, views } of links) {
    if ((kind !== 'broker' && kind !== 'database') || views.length > 0) continue
    const role = kind === 'broker' ? 'broker' : 'database'
    missing.push(add(role, `No log shows whether the ${role} works.`))
  }
  return missing.filter(({ log }, at) => missing.findIndex((one) => one.log === log) === at)
}

/** Logs that are there but do not show enough: their level, time range or time zone. */
function limits(document: ReportDocument): MissingLog[] {
  const needed = new Set(['level', 'no-overlap', 'date', 'empty'])
  return document.caveats
    .filter(({ kind, severity }) => needed.has(kind) && severity !== 'info')
    .map(({ kind, text }) => ({
      log: LIMITS[kind] ?? 'better log',
      required: true,
      why: text,
      commands: kind === 'date' ? ['warren report LOGS --date YYYY-MM-DD --tz UTC'] : [],
    }))
}

const LIMITS: Readonly<Record<string, string>> = {
  level: 'log with a more detailed level',
  'no-overlap': 'logs of the same time range',
  date: 'date of the lines',
  empty: 'log that is recognised',
}

/** Logs that a proof does not need, but that show causes. */
function helpful(document: ReportDocument): MissingLog[] {
  const { components } = document
  const others = components.filter(({ role, seenIn }) => role === 'client' && seenIn !== 'own-log')
  const logs: MissingLog[] = []
  const add = (role: Role, why: string): void =>
    void logs.push({ ...wanted(role, document), required: false, why })
  if (
    others.length > 0 &&
    components.some(({ role, seenIn }) => role === 'client' && seenIn === 'own-log')
  ) {
    const named = others.slice(0, MAX_NAMED).map(({ name }) => name)
    const rest = others.length - named.length
    const names = formatList(rest > 0 ? [...named, `${rest} more`] : named)
    add('client', `The side of ${names} is known from other logs only.`)
  }
  if (!components.some(({ role }) => role === 'load-balancer'))
    add(
      'load-balancer',
      'It shows what happens between the clients and the relay (502, 503 and 504).',
    )
  if (!document.sources.some(({ format }) => isKubernetesFormat(format)))
    logs.push({
      log: 'state of the pods (if they run in Kubernetes)',
      required: false,
      why: 'It shows why a program restarted: out of memory, failed probes, evictions.',
      commands: [
        'kubectl -n NAMESPACE describe pods > describe.txt',
        'kubectl -n NAMESPACE get events -o json > events.json',
      ],
    })
  return logs
}

function wanted(role: Role, { timeRange }: ReportDocument): Pick<MissingLog, 'log' | 'commands'> {
  return logCommands(role, timeRange.dateKnown ? timeRange.from : null)
}

/** What the check found, in one sentence. */
export function checkSentence({ files, missing, complete }: LogCheck): string {
  const read = formatCount(files.length, 'log')
  if (complete) return `${read}: enough for a report on every link.`
  const required = missing.filter((one) => one.required)
  return `${read}: ${formatList(required.map(({ log }) => log))} ${required.length === 1 ? 'is' : 'are'} missing for a proof.`
}
