import { STATUS_CODES } from 'node:http'
import { lookUp } from '../simulation/facts.ts'
import type { Fact, FactKinds, FactOf, FactTable, RelayFailure } from '../simulation/facts.ts'
import { timeOfDay } from './clock-text.ts'
import { BROKER_ADDRESS, DATABASE_ADDRESS, linesAt } from './written-line.ts'
import type { WriterOptions, WrittenLine } from './written-line.ts'

interface Entry {
  readonly level: 'INF' | 'WRN' | 'ERR'
  readonly message: string
  readonly source: string
  /** Continuation lines, without a prefix. */
  readonly below?: string
}

const LOGIN = 'Relay.Auth.Basic.BasicAuthHandler'
const SCHEME = 'Relay.Auth.Basic.BasicAuthHandler'
const POLLER = 'Relay.Services.UpstreamTaskPoller'
const COMPLETER = 'Relay.Services.TaskCompletionService'
const SUBMITTER = 'Relay.Services.ResultsService'

/** Log of the .NET relay: time of day only, with SQL and exceptions on continuation lines. */
export function writeDotnetRelay(facts: readonly Fact[], options: WriterOptions): WrittenLine[] {
  return facts.flatMap((fact) => {
    const stamp = timeOfDay(fact.time, options.zoneMinutes)
    const entries = lookUp(ENTRIES, fact) ?? []
    const shown = entries.filter(({ level }) => options.level !== 'warn' || level !== 'INF')
    return shown.flatMap(({ level, message, source, below }) => {
      const context = options.verbose ? ` <s:${source}>` : ''
      const first = `[${stamp} ${level}] ${message}${context}`
      return linesAt(fact.time, below === undefined ? first : `${first}\n${below}`)
    })
  })
}

const ENTRIES: FactTable<readonly Entry[]> = {
  'relay started': () => [
    info('Now listening on: http://[::]:8080', 'Microsoft.Hosting.Lifetime'),
    info('Application started. Press Ctrl+C to shut down.', 'Microsoft.Hosting.Lifetime'),
  ],
  statement: (fact) => [statement(fact)],
  login: (fact) => login(fact),
  request: (fact) => [request(fact)],
  'expiry sweep': () => [info('Finding Tasks that are expiring...', COMPLETER)],
  'upstream poll failed': (fact) => [
    {
      level: 'ERR',
      message: `Polling the upstream queue '${fact.type}' failed: Response status code does not indicate success: ${fact.status ?? 0} (${reason(fact.status)}).`,
      source: POLLER,
      below: `System.Net.Http.HttpRequestException: Response status code does not indicate success: ${fact.status ?? 0} (${reason(fact.status)}).
   at System.Net.Http.HttpResponseMessage.EnsureSuccessStatusCode()
   at Relay.TaskApi.TaskApiClient.FetchNextJobAsync[T](ApiClientOptions options)
   at Relay.Services.UpstreamTaskPoller.PollJobQueue[T](CancellationToken cancellationToken)`,
    },
    info('Waiting 5 seconds before resuming polling.', POLLER),
  ],
  'task retrieved': (fact) => {
    const type = fact.taskKind === 'availability' ? 'AvailabilityJob' : 'CollectionAnalysisJob'
    return [info(`Task retrieved: (${type}) ${fact.taskId}`, POLLER)]
  },
  'task expired': (fact) => {
    const threshold = fact.taskKind === 'availability' ? '00:04:00' : '01:48:00'
    return [
      info(
        `Task:${fact.taskId} has reached the expiry threshold of ${threshold}. Completing...`,
        COMPLETER,
      ),
    ]
  },
  submitting: (fact) => [info(`Submitting Results for ${fact.taskId}.`, SUBMITTER)],
  submitted: (fact) => [info(`Successfully submitted results for ${fact.taskId}.`, SUBMITTER)],
  'submission failed': (fact) => {
    const why = `${fact.status} ${STATUS_CODES[fact.status] ?? ''}`.trim()
    return [
      {
        level: 'ERR',
        message: `Task submission failed with ${why}. Retrying in 5 seconds... (${fact.attempt}/5)`,
        source: SUBMITTER,
      },
    ]
  },
}

function info(message: string, source: string): Entry {
  return { level: 'INF', message, source }
}

function reason(status: number | undefined): string {
  return STATUS_CODES[status ?? 0] ?? 'Unknown'
}

function statement({ about, ms, failed }: FactOf<'statement'>): Entry {
  const { parameters, sql } = STATEMENTS[about]
  // Entity Framework adds thousands separators.
  const duration = Math.round(ms).toLocaleString('en-US')
  const details = `[Parameters=[${parameters}], CommandType='Text', CommandTimeout='30']`
  return {
    level: failed ? 'ERR' : 'INF',
    message: `${failed ? 'Failed executing' : 'Executed'} DbCommand (${duration}ms) ${details}`,
    source: 'Microsoft.EntityFrameworkCore.Database.Command',
    below: sql,
  }
}

function login({ outcome, client = '', collection }: FactOf<'login'>): Entry[] {
  const failed = info(`Credentials failed validation for Client: ${client}`, LOGIN)
  const warn = (message: string): Entry => ({ level: 'WRN', message, source: LOGIN })
  switch (outcome) {
    case 'validated':
      return [info(`Credentials validated for Client: ${client}`, LOGIN)]
    case 'missing':
      return [
        info('Basic was not authenticated. Failure message: Missing Authorization Header', SCHEME),
      ]
    case 'unknown user':
      return [warn(`User not found: ${client}`), failed]
    case 'wrong password':
      return [warn(`Invalid password for client: ${client}`), failed]
    case 'wrong collection':
      return [warn(`collectionId '${collection}' is not valid for clientId '${client}'.`), failed]
    default:
      return outcome satisfies never
  }
}

function request({ method, path, status, durationMs, failure }: FactOf<'request'>): Entry {
  const message = `HTTP ${method} ${path} responded ${status} in ${durationMs.toFixed(4)} ms`
  const source = 'Serilog.AspNetCore.RequestLoggingMiddleware'
  if (failure === undefined) return { level: status >= 500 ? 'ERR' : 'INF', message, source }
  return { level: 'ERR', message, source, below: EXCEPTIONS[failure] }
}

const STATEMENTS: Readonly<
  Record<FactKinds['statement']['about'], { parameters: string; sql: string }>
> = {
  user: {
    parameters: "@__normalizedUserName_0='?'",
    sql: `SELECT a."Id", a."AccessFailedCount", a."ConcurrencyStamp", a."NormalizedUserName", a."PasswordHash", a."UserName"
FROM "AspNetUsers" AS a
WHERE a."NormalizedUserName" = @__normalizedUserName_0
LIMIT 1`,
  },
  nodes: {
    parameters: "@__username_0='?'",
    sql: `SELECT s."Id"
FROM "SubNodes" AS s
WHERE EXISTS (
    SELECT 1
    FROM "RelayUserSubNode" AS r
    INNER JOIN "AspNetUsers" AS a ON r."RelayUsersId" = a."Id"
    WHERE s."Id" = r."SubNodesId" AND a."UserName" = @__username_0)`,
  },
  task: {
    parameters: '',
    sql: `SELECT r."Id", r."Collection", r."CompletedAt", r."CreatedAt", r."Type"
FROM "RelayTasks" AS r
WHERE r."CompletedAt" IS NULL`,
  },
  result: {
    parameters: "@p1='?' (DbType = Guid), @p0='?'",
    sql: 'UPDATE "RelaySubTasks" SET "Result" = @p0\nWHERE "Id" = @p1;',
  },
}

const EXCEPTIONS: Readonly<Record<RelayFailure, string>> = {
  database: `Npgsql.NpgsqlException (0x80004005): Failed to connect to ${DATABASE_ADDRESS}:5432
 ---> System.Net.Sockets.SocketException (111): Connection refused
   at Npgsql.Internal.NpgsqlConnector.Connect(NpgsqlTimeout timeout)
   at Npgsql.Internal.NpgsqlConnector.RawOpen(SslMode sslMode, NpgsqlTimeout timeout, Boolean async, CancellationToken cancellationToken)
   at Microsoft.EntityFrameworkCore.Storage.RelationalConnection.OpenInternalAsync(Boolean errorsExpected, CancellationToken cancellationToken)`,
  'broker-refused': `RabbitMQ.Client.Exceptions.BrokerUnreachableException: None of the specified endpoints were reachable
 ---> System.AggregateException: One or more errors occurred. (Connection failed, host ${BROKER_ADDRESS}:5672)
 ---> RabbitMQ.Client.Exceptions.ConnectFailureException: Connection failed, host ${BROKER_ADDRESS}:5672
 ---> System.Net.Sockets.SocketException (111): Connection refused
   at RabbitMQ.Client.Impl.SocketFactory.ConnectOrFailAsync(ITcpClient tcpClient, IPEndPoint endpoint, TimeSpan timeout)
   at Relay.Services.RabbitQueues.Pop(String queueName)`,
  'broker-login': `RabbitMQ.Client.Exceptions.BrokerUnreachableException: None of the specified endpoints were reachable
 ---> System.AggregateException: One or more errors occurred. (ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile.)
 ---> RabbitMQ.Client.Exceptions.AuthenticationFailureException: ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile.
   at RabbitMQ.Client.Framing.Impl.Connection.StartAndTuneAsync(CancellationToken cancellationToken)
   at Relay.Services.RabbitQueues.Pop(String queueName)`,
  defect: `System.FormatException: Unrecognized Guid format.
   at System.Guid.GuidResult.SetFailure(ParseFailure failureKind)
   at System.Guid.Parse(ReadOnlySpan\`1 input)
   at Relay.Auth.Basic.BasicAuthHandler.HandleAuthenticateAsync()
   at Microsoft.AspNetCore.Authentication.AuthenticationHandler\`1.AuthenticateAsync()`,
}
