import type { ClientEvent, Failure } from '../world/journal.ts'
import type { WorldClient } from '../world/world.ts'
import { timeOfDay, two } from './log-line.ts'
import type { LogLine } from './log-line.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const HOST = 'relay.example.org'
const PATH = '/link_connector_api/task/nextjob/[REDACTED]'
const URL = `https://${HOST}${PATH}`
const POOL = `HTTPSConnectionPool(host='${HOST}', port=443)`

/** Today's client at DEBUG or INFO, local time in a zone. */
export function writePythonBunny(
  client: WorldClient,
  events: readonly ClientEvent[],
  options: { zoneMinutes: number; debug: boolean },
): LogLine[] {
  const written: LogLine[] = []
  const say = (at: number, level: string, ...messages: string[]): void => {
    if (level === 'DEBUG' && !options.debug) return
    const clock = at + client.skewMs
    const day = new Date(clock + options.zoneMinutes * 60_000)
    const stamp = `${two(day.getUTCDate())}-${MONTHS[day.getUTCMonth()] ?? ''}-${two(day.getUTCFullYear() % 100)} ${timeOfDay(clock, options.zoneMinutes)}`
    const [first = '', ...more] = messages
    written.push({ at: clock, lines: [`${level} - ${stamp} - ${first}`, ...more] })
  }
  for (const event of events) {
    switch (event.what) {
      case 'started':
        say(event.at, 'INFO', `Starting Bunny version ${event.version} `)
        say(event.at + 400, 'INFO', 'Connecting to database...')
        say(event.at + 900, 'INFO', 'Polling for tasks...')
        break
      case 'sent':
        say(event.at, 'DEBUG', `Sending get request to ${URL}`)
        say(event.at, 'DEBUG', `Sending get request to ${URL} with data None and kwargs {}`)
        break
      case 'answered':
        say(event.at, 'DEBUG', `Response Status: ${event.status}`)
        if (event.status === 204) say(event.at, 'DEBUG', 'No task found. Looking for task...')
        else say(event.at, 'DEBUG', 'Response Text: {"uuid": "0b7c", "cohort": {"groups": []}}')
        break
      case 'failed':
        say(
          event.at,
          'ERROR',
          `Network error occurred${event.posting ? ' while posting results' : ''}: ${pythonError(event.failure)}`,
        )
        break
      case 'task':
        say(event.at, 'INFO', 'Task received. Resolving...')
        say(event.at + 1, 'INFO', 'Processing query...')
        say(
          event.at + 20,
          'INFO',
          'Executing SQL query:',
          'SELECT count(DISTINCT person.person_id)',
          'FROM person',
          'WHERE person.gender_concept_id = 8507',
        )
        break
      case 'solved':
        say(event.at, 'INFO', 'Solved availability query')
        break
      case 'posted':
        say(
          event.at - event.ms,
          'DEBUG',
          `Sending post request to https://${HOST}/link_connector_api/task/result/${event.taskId}/[REDACTED] with data {'status': 'ok'} and kwargs {}`,
        )
        say(event.at, 'DEBUG', `Response Status: ${event.status}`)
        say(event.at, 'INFO', 'Task resolved.')
        break
      case 'unanswerable':
        say(
          event.at,
          'ERROR',
          'Invalid task input: Invalid query type. Data: {}',
          'Traceback (most recent call last):',
          '  File "/app/handler.py", line 44, in handle',
          'ValueError: bad',
        )
        break
      default:
        event satisfies never
    }
  }
  return written
}

/** The words of `requests` and `urllib3`. */
export function pythonError(failure: Failure): string {
  const retries = `${POOL}: Max retries exceeded with url: ${PATH} (Caused by`
  switch (failure) {
    case 'dns':
      return `${retries} NameResolutionError("<urllib3.connection.HTTPSConnection object at 0x7f1e>: Failed to resolve '${HOST}' ([Errno -2] Name or service not known)"))`
    case 'refused':
      return `${retries} NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f1e>: Failed to establish a new connection: [Errno 111] Connection refused'))`
    case 'connect-timeout':
      return `${retries} ConnectTimeoutError(<urllib3.connection.HTTPSConnection object at 0x7f1e>, 'Connection to ${HOST} timed out. (connect timeout=None)'))`
    case 'read-timeout':
      return `${POOL}: Read timed out. (read timeout=30)`
    case 'reset':
      return "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))"
    case 'tls-expired':
      return `${retries} SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1010)')))`
    case 'tls-untrusted':
      return `${retries} SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:1010)')))`
    case 'tls-wrong-name':
      return `${retries} SSLError(SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid for '${HOST}'. (_ssl.c:1010)")))`
    case 'proxy-auth':
      return `${retries} ProxyError('Unable to connect to proxy', OSError('Tunnel connection failed: 407 Proxy Authentication Required')))`
    case 'not-json':
      return 'Expecting value: line 1 column 1 (char 0)'
    default:
      return `${failure} ${failure < 500 ? 'Client' : 'Server'} Error: ${REASONS.get(failure) ?? 'Unknown'} for url: ${URL}`
  }
}

const REASONS = new Map([
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [429, 'Too Many Requests'],
  [500, 'Internal Server Error'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Time-out'],
])
