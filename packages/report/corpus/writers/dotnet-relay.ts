import type { Exception, Failure, HubEvent } from '../world/journal.ts'
import { timeOfDay } from './log-line.ts'
import type { LogLine } from './log-line.ts'

const EF = ' <s:Microsoft.EntityFrameworkCore.Database.Command>'
const USER_SQL = [
  'SELECT a."Id", a."AccessFailedCount", a."ConcurrencyStamp", a."NormalizedUserName", a."PasswordHash"',
  'FROM "AspNetUsers" AS a',
  'WHERE a."NormalizedUserName" = @__normalizedUserName_0',
  'LIMIT 1',
]
const EXCEPTIONS: Readonly<Record<Exception, string[]>> = {
  database: [
    'Npgsql.NpgsqlException (0x80004005): Failed to connect to 10.0.0.9:5432',
    ' ---> System.Net.Sockets.SocketException (111): Connection refused',
    '   at Npgsql.Internal.NpgsqlConnector.Connect(NpgsqlTimeout timeout)',
  ],
  broker: [
    'RabbitMQ.Client.Exceptions.BrokerUnreachableException: None of the specified endpoints were reachable',
    ' ---> System.AggregateException: One or more errors occurred. (Connection failed, host 10.0.0.8:5672)',
    '   at RabbitMQ.Client.ConnectionFactory.CreateConnectionAsync()',
  ],
  other: [
    'System.FormatException: Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).',
    '   at System.Guid.Parse(String input)',
  ],
}

/** Today's hub at INFORMATION: no date, no zone. */
export function writeDotnetRelay(
  events: readonly HubEvent[],
  options: { zoneMinutes: number; sources: boolean },
): LogLine[] {
  const written: LogLine[] = []
  const say = (
    at: number,
    level: string,
    message: string,
    more: readonly string[] = [],
    source = ' <s:Relay>',
  ): void => {
    const text = `[${timeOfDay(at, options.zoneMinutes)} ${level}] ${message}${options.sources ? source : ''}`
    written.push({ at, lines: [text, ...more] })
  }
  for (const event of events) writeEvent(event, say)
  return written
}

type Say = (
  at: number,
  level: string,
  message: string,
  more?: readonly string[],
  source?: string,
) => void

function writeEvent(event: HubEvent, say: Say): void {
  const { at } = event
  switch (event.what) {
    case 'started':
      say(at, 'INF', 'Now listening on: http://[::]:8080')
      say(at + 5, 'INF', 'Application started. Press Ctrl+C to shut down.')
      break
    case 'statement': {
      const text = `${event.failed ? 'Failed executing' : 'Executed'} DbCommand (${grouped(event.ms)}ms) [Parameters=[@__normalizedUserName_0='?'], CommandType='Text', CommandTimeout='30']`
      say(at, event.failed ? 'ERR' : 'INF', text, USER_SQL, EF)
      break
    }
    case 'validated':
      say(at, 'INF', `Credentials validated for Client: ${event.client}`)
      break
    case 'refused':
      writeRefusal(event, say)
      break
    case 'request': {
      const failed = event.status >= 500
      const text = `HTTP ${event.method} ${event.path} responded ${event.status} in ${event.ms.toFixed(4)} ms`
      say(
        at,
        failed ? 'ERR' : 'INF',
        text,
        event.exception === undefined ? [] : EXCEPTIONS[event.exception],
        ' <s:Serilog.AspNetCore.RequestLoggingMiddleware>',
      )
      break
    }
    case 'sweep':
      say(at, 'INF', 'Finding Tasks that are expiring...')
      break
    case 'task':
      say(at, 'INF', `Task retrieved: (AvailabilityJob) ${event.taskId}`)
      break
    case 'expired':
      say(
        at,
        'INF',
        `Task:${event.taskId} has reached the expiry threshold of 00:04:00. Completing...`,
      )
      break
    case 'submitting':
      if (event.attempt === 1) say(at, 'INF', `Submitting Results for ${event.taskId}.`)
      break
    case 'submitted':
      say(at, 'INF', `Successfully submitted results for ${event.taskId}.`)
      break
    case 'submission-failed':
      say(
        at,
        'ERR',
        `Task submission failed with ${event.status} Internal Server Error. Retrying in 5 seconds... (${event.attempt}/5)`,
      )
      break
    case 'upstream-failed':
      say(at, 'ERR', `Failed to retrieve task from upstream (.${event.type})`, [
        `System.Net.Http.HttpRequestException: ${dotnetError(event.failure)}`,
        '   at System.Net.Http.HttpConnectionPool.ConnectToTcpHostAsync()',
      ])
      break
    case 'broker-down':
      say(
        at,
        'ERR',
        'An unhandled exception has occurred while executing the request.',
        event.refused
          ? [
              'RabbitMQ.Client.Exceptions.AuthenticationFailureException: ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.',
            ]
          : EXCEPTIONS.broker,
      )
      break
    case 'store-down':
      say(
        at,
        'ERR',
        "An error occurred using the connection to database 'relay' on server 'tcp://10.0.0.9:5432'.",
        EXCEPTIONS.database,
      )
      break
    // What today's hub does not write.
    case 'handed-out':
    case 'stored':
    case 'lease-returned':
    case 'upstream-poll':
    case 'broker-up':
    case 'store-up':
      break
    default:
      event satisfies never
  }
}

function writeRefusal(event: Extract<HubEvent, { what: 'refused' }>, say: Say): void {
  const { at, client } = event
  switch (event.reason) {
    case 'missing':
      say(at, 'INF', 'Basic was not authenticated. Failure message: Missing Authorization Header')
      return
    case 'unknown user':
      say(at, 'WRN', `User not found: ${client}`)
      break
    case 'wrong password':
      say(at, 'WRN', `Invalid password for client: ${client}`)
      break
    case 'wrong collection':
      say(at, 'WRN', `collectionId '${event.collection}' is not valid for clientId '${client}'.`)
      break
    default:
      event.reason satisfies never
  }
  say(at + 1, 'INF', `Credentials failed validation for Client: ${client}`)
  say(at + 2, 'INF', 'Basic was not authenticated. Failure message: Invalid credentials')
}

function dotnetError(failure: Failure): string {
  switch (failure) {
    case 'dns':
      return 'Name or service not known (upstream.example.org:443)'
    case 'refused':
      return 'Connection refused (upstream.example.org:443)'
    case 'connect-timeout':
      return 'Connection timed out (upstream.example.org:443)'
    default:
      return `Response status code does not indicate success: ${typeof failure === 'number' ? failure : 500} (Error).`
  }
}

function grouped(ms: number): string {
  return String(Math.round(ms)).replace(/\B(?=(\d{3})+$)/g, ',')
}
