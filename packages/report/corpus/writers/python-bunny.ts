import { lookUp } from '../simulation/facts.ts'
import type { Fact, FactOf, FactTable, Outcome } from '../simulation/facts.ts'
import type { TransportFailure } from '../simulation/faults.ts'
import { pythonStamp } from './clock-text.ts'
import { RELAY_HOST, linesAt } from './written-line.ts'
import type { WriterOptions, WrittenLine } from './written-line.ts'

const BASE = `https://${RELAY_HOST}/link_connector_api`
const POLL = '/link_connector_api/task/nextjob/[REDACTED]'
const POOL = `HTTPSConnectionPool(host='${RELAY_HOST}', port=443)`
const CONNECTION = '<urllib3.connection.HTTPSConnection object at 0x7f2c1d8e4a90>'

type LevelName = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR'

/** Log of the Python bunny. */
export function writePythonBunny(facts: readonly Fact[], options: WriterOptions): WrittenLine[] {
  return facts.flatMap((fact) =>
    (lookUp(ENTRIES, fact) ?? [])
      .filter(([level]) => level !== 'DEBUG' || options.level === 'debug')
      .flatMap(([level, message]) => {
        const stamp = pythonStamp(fact.time, options.zoneMinutes)
        return linesAt(fact.time, `${level} - ${stamp} - ${message}`)
      }),
  )
}

const ENTRIES: FactTable<readonly (readonly [LevelName, string])[]> = {
  'client started': (fact) => [
    ['INFO', `Starting Bunny version: ${fact.version}`],
    ['DEBUG', "Settings: {'TASK_API_BASE_URL': '" + BASE + "', 'POLLING_INTERVAL': 10}"],
    ['INFO', 'Connecting to database...'],
    ['INFO', 'Polling for tasks...'],
  ],
  'poll sent': () => [
    ['DEBUG', `Sending get request to ${BASE}/task/nextjob/[REDACTED]`],
    [
      'DEBUG',
      `Sending get request to ${BASE}/task/nextjob/[REDACTED] with data None and kwargs {}`,
    ],
  ],
  'poll answered': (fact) => answered(fact),
  'poll failed': (fact) => [
    ['ERROR', `Network error occurred: ${errorText(fact.outcome, 'Client')}`],
  ],
  'task received': () => [
    ['INFO', 'Task received. Resolving...'],
    ['INFO', 'Processing query...'],
    ['INFO', `Executing SQL query:\n${QUERY}`],
  ],
  'task solved': (fact) =>
    fact.taskKind === 'availability' ? [['INFO', 'Solved availability query']] : [],
  'task dropped': (fact) => [
    ['ERROR', `1 validation error for AvailabilityQuery\n${VALIDATION}`],
    ['ERROR', `Invalid task input: Invalid query type. Data: {'uuid': '${fact.taskId}'}`],
  ],
  'result sent': (fact) => [
    ['DEBUG', `Sending post request to ${BASE}/task/result/${fact.taskId}/[REDACTED]`],
  ],
  'result answered': (fact) => [
    ['DEBUG', `Response Status: ${fact.status}`],
    ['DEBUG', `Response Text: ${fact.status < 300 ? 'Job saved' : ''}`],
    ['INFO', 'Task resolved.'],
  ],
  'result failed': (fact) => [postFailed(fact)],
}

function answered({ status }: FactOf<'poll answered'>): (readonly [LevelName, string])[] {
  const line = ['DEBUG', `Response Status: ${status}`] as const
  if (status === 204) return [line, ['DEBUG', 'No task found. Looking for task...']]
  if (status === 200) return [line, ['DEBUG', `Response Text: ${TASK}`]]
  return [line]
}

function postFailed({
  outcome,
  taskId,
  time,
}: FactOf<'result failed'>): readonly [LevelName, string] {
  if (outcome.kind === 'status') {
    const at = (time / 1000).toFixed(1)
    return [
      'WARNING',
      `Failed to post to task/result/${taskId}/[REDACTED] at ${at}. Trying again...`,
    ]
  }
  const text = transportText(outcome.failure)
  return ['ERROR', `Network error occurred while posting results: ${text}`]
}

const REASONS: Readonly<Record<number, string>> = {
  401: 'Client Error: Unauthorized',
  500: 'Server Error: Internal Server Error',
  502: 'Server Error: Bad Gateway',
  503: 'Server Error: Service Temporarily Unavailable',
  504: 'Server Error: Gateway Time-out',
}

function errorText(outcome: Outcome, side: string): string {
  if (outcome.kind === 'transport') return transportText(outcome.failure)
  const reason = REASONS[outcome.status] ?? `${side} Error: Unknown`
  return `${outcome.status} ${reason} for url: ${BASE}/task/nextjob/[REDACTED]`
}

function caused(cause: string): string {
  return `${POOL}: Max retries exceeded with url: ${POLL} (Caused by ${cause})`
}

function certificate(reason: string): string {
  return caused(
    `SSLError(SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: ${reason} (_ssl.c:1010)"))`,
  )
}

function transportText(failure: TransportFailure): string {
  switch (failure) {
    case 'name-resolution':
      return caused(
        `NameResolutionError("HTTPSConnection(host='${RELAY_HOST}', port=443): Failed to resolve '${RELAY_HOST}' ([Errno -2] Name or service not known)")`,
      )
    case 'connection-refused':
      return caused(
        `NewConnectionError('${CONNECTION}: Failed to establish a new connection: [Errno 111] Connection refused')`,
      )
    case 'connect-timeout':
      return caused(
        `ConnectTimeoutError(${CONNECTION}, 'Connection to ${RELAY_HOST} timed out. (connect timeout=None)')`,
      )
    case 'read-timeout':
      return `${POOL}: Read timed out. (read timeout=60)`
    case 'connection-closed':
      return "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))"
    case 'tls-expired':
      return certificate('certificate has expired')
    case 'tls-untrusted':
      return certificate('self-signed certificate in certificate chain')
    case 'tls-wrong-name':
      return certificate(`Hostname mismatch, certificate is not valid for '${RELAY_HOST}'.`)
    default:
      return failure satisfies never
  }
}

const QUERY = `SELECT COUNT(DISTINCT person.person_id) AS count_1
FROM person
WHERE person.person_id IN (SELECT condition_occurrence.person_id
FROM condition_occurrence
WHERE condition_occurrence.condition_concept_id = 320128)`

const VALIDATION = `cohort.groups.0.rules.0.type
  Input should be 'TEXT' or 'NUM' [type=enum, input_value='ALPHANUMERIC', input_type=str]
Traceback (most recent call last):
  File "/app/.venv/lib/python3.13/site-packages/client/core/execute_query.py", line 52, in execute_query
    query = AvailabilityQuery.from_dict(query_dict)
  File "/app/.venv/lib/python3.13/site-packages/pydantic/main.py", line 732, in model_validate
    return cls.__pydantic_validator__.validate_python(
pydantic_core._pydantic_core.ValidationError: 1 validation error for AvailabilityQuery`

const TASK =
  '{"cohort":{"groups_oper":"AND","groups":[{"rules_oper":"AND","rules":[{"type":"TEXT","varname":"OMOP","varcat":"Condition","oper":"=","value":"320128"}]}]},"protocol_version":"v2","char_salt":"9d3b8f0e-6a51-4d3c-b0aa-3f9d2d0c1b77","uuid":"01998d52-4c11-7b3a-9a0e-2d6f0c9b1a55","collection":"[REDACTED]","owner":"site"}'
