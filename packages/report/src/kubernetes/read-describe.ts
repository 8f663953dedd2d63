import { kindOfReason, timeOf } from './incident.ts'
import type { Incident } from './incident.ts'
import { ofContainer } from './read-objects.ts'

/** `  Warning  BackOff  3m12s (x42 over 3h)  kubelet  Back-off restarting failed container` */
const EVENT = /^\s+(?:Normal|Warning)\s+(\S+)\s+\S+(?: \(x(\d+) over [^)]*\))?\s+\S+\s+(.*)$/
const MEMBER = /^(\s*)([A-Z][A-Za-z ]*):\s*(.*)$/
const CONTAINER = /^ {2}(\S+):\s*$/

/** The object that is being read. */
class Described {
  name = ''
  namespace = ''
  kind = ''
  line = 0
  /** Top-level heading: `Containers`, `Events`, `Status`. */
  section = ''
  /** Of the container: its state and last state. */
  part = ''
  waiting = ''
  reason = ''
  at = Number.NaN
  restarts = 0
  containerLine = 0
  condition = { status: '', type: '', reason: '', at: Number.NaN, line: 0 }
}

/** Incidents in the output of `kubectl describe` for pods and certificates. Events have only an age there, so they have no time. */
export function readDescribe(lines: readonly string[]): Incident[] {
  const incidents: Incident[] = []
  let now = new Described()
  const endContainer = (): void => {
    const { namespace, name, waiting, reason, at, restarts, containerLine } = now
    if (containerLine > 0)
      incidents.push(
        ...ofContainer({ namespace, name, waiting, reason, at, restarts, line: containerLine }),
      )
    Object.assign(now, {
      part: '',
      waiting: '',
      reason: '',
      at: Number.NaN,
      restarts: 0,
      containerLine: 0,
    })
  }
  const push = (
    kind: Incident['kind'],
    detail: string,
    line: number,
    count = 1,
    at = Number.NaN,
  ): void => {
    const { namespace, name } = now
    incidents.push({
      kind,
      namespace,
      name,
      first: at,
      last: at,
      count,
      isEvent: now.section === 'Events',
      current: false,
      detail,
      line,
    })
  }
  lines.forEach((text, index) => {
    const line = index + 1
    const [, indent = '', key = '', value = ''] = MEMBER.exec(text) ?? []
    if (indent === '' && key === 'Name') {
      endContainer()
      now = new Described()
      now.name = value
      now.line = line
      return
    }
    if (key !== '' && indent === '') {
      if (key !== now.section) endContainer()
      now.section = key
      if (key === 'Namespace') now.namespace = value
      if (key === 'Kind') now.kind = value
      if (key === 'Reason' && kindOfReason(value, '') !== undefined)
        push(kindOfReason(value, '') ?? 'pod-evicted', value, line)
      return
    }
    if (now.section.endsWith('Containers')) {
      if (CONTAINER.test(text)) {
        endContainer()
        now.containerLine = line
        return
      }
      readContainerMember(now, key, value, line)
      return
    }
    if (now.section === 'Events') {
      const [, reason = '', count = '1', message = ''] = EVENT.exec(text) ?? []
      const isIssuing = /^(Certificate|CertificateRequest)$/.test(now.kind)
      const kind =
        isIssuing && /^\s+Warning/.test(text)
          ? 'certificate-not-renewed'
          : kindOfReason(reason, message)
      if (reason !== '' && kind !== undefined) push(kind, reason, line, Number(count))
      return
    }
    if (now.section === 'Status' && now.kind === 'Certificate')
      readConditionMember(now, key, value, line, (reason, at, where) =>
        push('certificate-not-renewed', reason, where, 1, at),
      )
  })
  endContainer()
  return incidents
}

function readContainerMember(now: Described, key: string, value: string, line: number): void {
  if (key === 'State' || key === 'Last State') now.part = `${key} ${value}`
  else if (key === 'Reason' && now.part === 'State Waiting') now.waiting = value
  else if (key === 'Reason' && now.part.endsWith('Terminated')) {
    now.reason = value
    now.containerLine = line
  } else if (key === 'Finished' && now.part.endsWith('Terminated')) now.at = timeOf(value)
  else if (key === 'Restart Count') now.restarts = Number.parseInt(value, 10) || 0
}

/** Members of a condition are in alphabetical order; `Type` is the last one. */
function readConditionMember(
  { condition }: Described,
  key: string,
  value: string,
  line: number,
  onFailed: (reason: string, at: number, line: number) => void,
): void {
  if (key === 'Last Transition Time') condition.at = timeOf(value)
  else if (key === 'Reason') Object.assign(condition, { reason: value, line })
  else if (key === 'Status') condition.status = value
  else if (key === 'Type') {
    const { status, reason, at } = condition
    if ((value === 'Ready' && status === 'False') || (value === 'Issuing' && reason === 'Failed'))
      onFailed(reason, at, condition.line || line)
  }
}
