import { accessLine, postgresqlLine } from './canonical-line.ts'

/** Lines with more before or around the line of the program, or in another order, as a pattern. */
interface LineForm {
  readonly name: string
  /** Named groups that this form has in common with others: pod, container; time (with its zone) or epoch (seconds); line. */
  readonly pattern: RegExp
  /** Writes the line from the groups; without it, the line is the group of that name. */
  readonly line?: (groups: Readonly<Record<string, string | undefined>>) => string | undefined
}

const ISO = String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)`
const REQUEST = String.raw`"(?<method>[A-Z]{3,10}) (?<target>\S{1,4000})[^"]{0,20}"`

/** The form that recognises the most lines of a file is used. A further form needs an entry here and a sample in the test. */
export const LINE_FORMS: readonly LineForm[] = [
  {
    name: 'kubetail',
    pattern:
      /^\[(?!pod\/)(?<pod>[a-z0-9][a-z0-9.-]{2,120})(?: (?<container>[\w.-]{1,80}))?\] (?<line>.*)$/s,
  },
  {
    name: 'Fluentd',
    pattern: new RegExp(`^(?<time>${ISO})\\t[\\w.*-]{1,300}\\t(?<line>\\{.*)$`, 's'),
  },
  {
    name: 'Grafana text',
    pattern: new RegExp(`^(?:\\d{13,19}\\t)?(?<time>${ISO})\\t(?<line>.*)$`, 's'),
  },
  // The time of these is in the time zone of a browser.
  {
    name: 'Grafana text',
    pattern: /^(?:\d{13,19}\t)?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?\t(?<line>.*)$/s,
  },
  // `aws logs tail --format short`: the local time of the person who ran it.
  { name: 'aws logs tail', pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d (?<line>.*)$/s },
  { name: 'Rancher', pattern: /^\d{1,2}\/\d{1,2}\/\d{4},? \d{1,2}:\d\d:\d\d [AP]M ?(?<line>.*)$/s },
  {
    name: 'syslog',
    pattern:
      /^(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d (?<pod>[\w.-]{1,120}) (?<container>[\w./-]{1,80})(?:\[\d{1,9}\])?: (?<line>.*)$/s,
  },
  {
    name: 'Fluent Bit',
    pattern:
      /^\[\d{1,9}\] [\w.*-]{1,300}: \[\[?(?<epoch>\d{10}\.\d{1,9}), \{.{0,4000}?"log"=>"(?<line>.*?)(?:\\n)?"[,}].*$/s,
  },
  {
    name: 'PostgreSQL csvlog',
    pattern:
      /^(?<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})? \w{1,5}),"?(?<user>[^",]{0,63})"?,"?(?<database>[^",]{0,63})"?,(?<pid>\d{1,9}),(?:[^,]{0,200},){4,9}(?<severity>[A-Z]{3,9}\d?),[\dA-Z]{5},"?(?<message>.{0,4000}?)(?:"?,,.*)?$/s,
    line: ({ time = '', user = '', database = '', pid = '', severity = '', message = '' }) =>
      postgresqlLine({
        time,
        pid,
        user,
        database,
        severity,
        message: message.replaceAll('""', '"'),
      }),
  },
  {
    name: 'Envoy',
    pattern: new RegExp(
      `^\\[(?<time>${ISO})\\] ${REQUEST} (?<status>\\d{1,3}) (?<flags>\\S{1,80}) (?:(?:[^" ]\\S{0,300}|"[^"]{0,500}") ){0,3}\\d{1,12} \\d{1,12} (?<ms>\\d{1,9}) `,
    ),
    line: ({ time = '', method = '', target = '', status, flags = '', ms }) =>
      accessLine({
        program: 'Envoy',
        time,
        method,
        target,
        status: status === '0' ? 460 : Number(status),
        targetStatus: flags === '-' ? Number(status) : undefined,
        ms: Number(ms),
      }),
  },
  {
    name: 'HAProxy',
    pattern: new RegExp(
      String.raw`(?:^|\]: )\S{1,60}:\d{1,5} \[(?<date>\d\d\/[A-Z][a-z]{2}\/\d{4}):(?<clock>\d\d:\d\d:\d\d\.\d{3})\] \S{1,100} (?<server>\S{1,200}) (?:-?\d{1,9}\/){4}\+?(?<ms>-?\d{1,9}) (?<status>-?\d{1,3}) .{1,200}? (?<end>[A-Za-z-]{4}) .{1,300}?${REQUEST}`,
    ),
    line: ({
      date = '',
      clock = '',
      server = '',
      method = '',
      target = '',
      status,
      end = '',
      ms,
    }) =>
      accessLine({
        program: 'HAProxy',
        time: Date.parse(`${date.replaceAll('/', ' ')} ${clock}Z`),
        method,
        target,
        status: end.startsWith('C') ? 460 : Number(status),
        targetStatus:
          end.startsWith('-') && !server.endsWith('<NOSRV>') ? Number(status) : undefined,
        ms: Number(ms),
      }),
  },
  {
    name: 'Traefik',
    pattern: new RegExp(
      String.raw`^\S{1,60} - \S{1,100} \[(?<date>\d\d\/[A-Z][a-z]{2}\/\d{4}):(?<clock>\d\d:\d\d:\d\d) (?<zone>[+-]\d{4})\] ${REQUEST} (?<status>\d{3}) \d{1,12} "[^"]{0,500}" "[^"]{0,500}" \d{1,12} "[^"]{1,200}" "(?<server>[^"]{1,300})" (?<ms>\d{1,9})ms`,
    ),
    line: ({
      date = '',
      clock = '',
      zone = '',
      method = '',
      target = '',
      status,
      server = '',
      ms,
    }) =>
      accessLine({
        program: 'Traefik',
        time: Date.parse(`${date.replaceAll('/', ' ')} ${clock} ${zone}`),
        method,
        target,
        status: Number(status),
        targetStatus: server === '-' || Number(status) >= 502 ? undefined : Number(status),
        ms: Number(ms),
      }),
  },
]
