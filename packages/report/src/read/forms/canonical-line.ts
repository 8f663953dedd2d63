/** The lines that the readers of formats understand, written from the parts of another form. */

const DOTNET_LEVEL: Readonly<Record<string, string>> = {
  verbose: 'VRB',
  trace: 'VRB',
  debug: 'DBG',
  information: 'INF',
  warning: 'WRN',
  error: 'ERR',
  fatal: 'FTL',
  critical: 'FTL',
}

/** `[2025-09-26T06:56:21.123Z INF] message <s:source>`, with the exception below it. Without a level it is information. */
export function dotnetLine(parts: {
  time: string
  level: string
  message: string
  source: string
  exception: string
}): string {
  const { time, level, message, source, exception } = parts
  const name = DOTNET_LEVEL[(level || 'information').toLowerCase()] ?? 'INF'
  const context = source === '' ? '' : ` <s:${source}>`
  return `[${time} ${name}] ${message}${context}${exception === '' ? '' : `\n${exception}`}`
}

/** `2025-09-26 06:56:21.123 UTC [42] user@database FATAL:  message` */
export function postgresqlLine(parts: {
  time: string
  pid: string
  user: string
  database: string
  severity: string
  message: string
}): string {
  const { time, pid, user, database, severity, message } = parts
  const who = user === '' ? '' : `${user}@${database} `
  return `${time} [${/^\d{1,9}$/.test(pid) ? pid : '0'}] ${who}${severity}:  ${message}`
}

/** What an access log contains of a request. */
export interface AccessParts {
  readonly program: string
  /** ISO 8601 or milliseconds since the epoch. */
  readonly time: string | number
  readonly method: string
  /** Path with query, or a full URL. */
  readonly target: string
  readonly status: number
  /** Status from the server behind it; undefined if it gave none. */
  readonly targetStatus: number | undefined
  /** NaN if unknown. */
  readonly ms: number
}

/** A line of a load balancer, in the order of AWS: `http time program client target seconds seconds seconds status status …` */
export function accessLine({
  program,
  time,
  method,
  target,
  status,
  targetStatus,
  ms,
}: AccessParts): string | undefined {
  const at = new Date(time)
  if (Number.isNaN(at.getTime()) || !(status >= 100 && status <= 599)) return undefined
  const seconds = ms >= 0 ? `0.000 ${(ms / 1_000).toFixed(3)} 0.000` : '-1 -1 -1'
  return `http ${at.toISOString()} ${program} - - ${seconds} ${status} ${targetStatus ?? '-'} 0 0 "${method} ${target} HTTP/1.1" "-"`
}
