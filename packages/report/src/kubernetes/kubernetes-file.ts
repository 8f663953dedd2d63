import { parse as parseYaml } from 'yaml'
import type { InputFile } from '../read/input-files.ts'
import type { SourceLabels } from '../read/source-labels.ts'
import type { Incident } from './incident.ts'
import { isCertManagerLog, readCertManager } from './read-cert-manager.ts'
import { readDescribe } from './read-describe.ts'
import { readObjects } from './read-objects.ts'
import { readTable } from './read-tables.ts'

/** A larger file is not read: it is an export of a whole cluster. YAML takes much longer than JSON. */
export const MAX_KUBERNETES_BYTES = 32 * 1024 * 1024
const MAX_YAML_BYTES = 4 * 1024 * 1024

/** What Kubernetes, a load balancer or cert-manager says about the components, next to their logs. */
export interface KubernetesFile {
  readonly path: string
  readonly labels: SourceLabels
  /** Name in the report, such as `kubectl get events (JSON)`. */
  readonly format: string
  readonly lines: number
  readonly bytes: number
  readonly incidents: readonly Incident[]
  /** Lines of the incidents, by number. */
  readonly quotes: ReadonlyMap<number, string>
}

export type KubernetesKind = 'describe' | 'table' | 'json' | 'yaml' | 'cert-manager'

const FORMAT: Readonly<Record<KubernetesKind, string>> = {
  describe: 'kubectl describe',
  table: 'kubectl get (table)',
  json: 'Kubernetes objects (JSON)',
  yaml: 'Kubernetes objects (YAML)',
  'cert-manager': 'cert-manager log',
}

const TARGETS = /^\s*\{\s*"TargetHealthDescriptions"\s*:/

/** Whether a source of the report is such a file, by its format. */
export function isKubernetesFormat(format: string): boolean {
  return format === TARGET_HEALTH || Object.values(FORMAT).includes(format)
}

const TARGET_HEALTH = 'target health (JSON)'

/** The kind of a file from its first bytes; undefined for logs. */
export function kubernetesKind(head: string): KubernetesKind | undefined {
  if (/^\s*\{/.test(head)) {
    const isList =
      /"kind"\s*:\s*"(List|EventList|PodList|Event|Pod|Certificate|CertificateList)"/.test(head)
    const isKubernetes = /^\s*\{\s*"apiVersion"\s*:/.test(head)
    return (isKubernetes && (isList || /"involvedObject"/.test(head))) || TARGETS.test(head)
      ? 'json'
      : undefined
  }
  if (/^(---\s*)?apiVersion:\s*\S+\s*\n(items:|kind:|count:|eventTime:|firstTimestamp:)/.test(head))
    return 'yaml'
  if (/^Name:\s+\S+\s*\n(Namespace|Priority|Labels):/.test(head)) return 'describe'
  const [first = ''] = head.split('\n', 1)
  if (
    /^(NAMESPACE\s+)?(LAST SEEN\s+.*\bREASON\b.*\bOBJECT\b|NAME\s+READY\s+STATUS\s+RESTARTS\b)/.test(
      first,
    )
  )
    return 'table'
  return isCertManagerLog(head.split('\n')) ? 'cert-manager' : undefined
}

export function parseKubernetes(
  kind: KubernetesKind,
  text: string,
): { incidents: Incident[]; lines: string[] } {
  const lines = text.split(/\r?\n/)
  switch (kind) {
    case 'describe':
      return { incidents: readDescribe(lines), lines }
    case 'table':
      return { incidents: readTable(lines), lines }
    case 'cert-manager':
      return { incidents: readCertManager(lines), lines }
    case 'json':
    case 'yaml': {
      const places = placesOf(lines)
      const lineOf = (part: string): number => places.get(part) ?? 1
      const incidents = readObjects(valueOf(kind, text), lineOf)
      return { incidents: incidents.map((one) => ({ ...one, line: telling(one, lines) })), lines }
    }
    default:
      return kind satisfies never
  }
}

const VALUE = /:\s*"?([^"]*?)"?,?\s*$/

/** Line of the first member with a value, by value. */
function placesOf(lines: readonly string[]): Map<string, number> {
  const places = new Map<string, number>()
  lines.forEach((line, index) => {
    const value = VALUE.exec(line.slice(0, 300))?.[1] ?? ''
    if (value !== '' && !places.has(value)) places.set(value, index + 1)
  })
  return places
}

const MESSAGE = /^\s*(?:- )?"?(?:message|note)"?:/
/** Members of one object are not further apart. */
const MAX_DISTANCE = 300

/** The line of an object that says the most, instead of that of its ID: the message of an event, or the reason of a state. */
function telling({ line, isEvent, detail }: Incident, lines: readonly string[]): number {
  const [reason = ''] = detail.split(', ')
  const says = (text: string): boolean =>
    isEvent ? MESSAGE.test(text) : reason !== '' && text.includes(reason)
  for (let distance = 0; distance < MAX_DISTANCE; distance++)
    for (const at of [line - 1 + distance, line - 1 - distance])
      if (says(lines[at] ?? '')) return at + 1
  return line
}

/** Undefined if the text is damaged or too large. */
function valueOf(kind: 'json' | 'yaml', text: string): unknown {
  try {
    if (kind === 'json') return JSON.parse(text)
    return text.length > MAX_YAML_BYTES ? undefined : parseYaml(text)
  } catch {
    return undefined
  }
}

export function kubernetesFile(
  { path, labels }: InputFile,
  kind: KubernetesKind,
  bytes: Buffer,
): KubernetesFile {
  const text = bytes.toString('utf8')
  const { incidents, lines } = parseKubernetes(kind, text)
  return {
    path,
    labels,
    format: kind === 'json' && TARGETS.test(text) ? TARGET_HEALTH : FORMAT[kind],
    lines: lines.at(-1) === '' ? lines.length - 1 : lines.length,
    bytes: bytes.length,
    incidents,
    quotes: new Map(incidents.map(({ line }) => [line, (lines[line - 1] ?? '').trim()])),
  }
}
