import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Monday, 5 January 2026, 06:00 UTC. */
const START = Date.UTC(2026, 0, 5, 6)
const CLIENTS = ['site-a', 'site-b', 'site-c', 'site-d', 'site-e']
/** Time between two polls of one client, ms. */
const RHYTHM_MS = 10_000
/** Characters per write. */
const WRITE_SIZE = 1 << 20

const COLLECTION = '6f1e2c1e-5a0b-4a43-9a53-0d1b0c2f7a1'
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const MANY = Number.POSITIVE_INFINITY

interface Poll {
  readonly number: number
  readonly time: number
  readonly client: string
  readonly collection: string
  readonly address: string
}

/** The lines of one poll in one log, each with its line end; '' for none. */
type PollWriter = (poll: Poll) => string

export interface BenchLog {
  /** Relative to the folder of all logs; the first folder is the cluster. */
  readonly name: string
  readonly write: PollWriter
}

export const ACCESS_LOGS = {
  nginx: { name: 'access/nginx.log', write: nginx },
  alb: { name: 'access/alb.log', write: alb },
} as const satisfies Record<string, BenchLog>

/** All logs of one network, as an operator collects them. */
export const MIXED_LOGS: readonly BenchLog[] = [
  { name: 'site-a/bunny.log', write: kubectlBunny },
  { name: 'hub/relay.log', write: dotnetRelay },
  { name: 'hub/rabbitmq.log', write: rabbitmq },
  { name: 'hub/nginx.log', write: nginx },
  { name: 'hub/alb.log', write: alb },
  { name: 'hub/warren-relay.json', write: warrenRelay },
]

/**
 * Writes the logs of enough polls to reach the size or the number of lines. Equal arguments give equal bytes.
 * @returns total bytes and lines
 */
export async function makeLogs(
  logs: readonly BenchLog[],
  limit: { bytes?: number; lines?: number },
  pathOf: (log: BenchLog) => string,
): Promise<{ bytes: number; lines: number }> {
  const { bytes: mostBytes = MANY, lines: mostLines = MANY } = limit
  const outputs = []
  for (const log of logs) {
    const path = pathOf(log)
    await mkdir(dirname(path), { recursive: true })
    outputs.push({ write: log.write, stream: createWriteStream(path), waiting: '' })
  }
  let bytes = 0
  let lines = 0
  for (let number = 0; bytes < mostBytes && lines < mostLines; number++) {
    const poll = pollOf(number)
    for (const output of outputs) {
      const text = output.write(poll)
      bytes += text.length
      lines += text.split('\n').length - 1
      output.waiting += text
      if (output.waiting.length < WRITE_SIZE) continue
      if (!output.stream.write(output.waiting)) await once(output.stream, 'drain')
      output.waiting = ''
    }
  }
  for (const { stream, waiting } of outputs) {
    stream.end(waiting)
    await once(stream, 'finish')
  }
  return { bytes, lines }
}

function pollOf(number: number): Poll {
  const index = number % CLIENTS.length
  return {
    number,
    time: START + number * (RHYTHM_MS / CLIENTS.length),
    client: CLIENTS[index] ?? '',
    collection: `${COLLECTION}${index}`,
    address: `203.0.113.${index + 10}`,
  }
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

function month(time: number): string {
  return MONTHS[new Date(time).getUTCMonth()] ?? ''
}

function clock(time: number): string {
  return iso(time).slice(11, 19)
}

function kubectlBunny({ time, client }: Poll): string {
  if (client !== 'site-a') return ''
  const stamp = `${iso(time).slice(8, 10)}-${month(time)}-${iso(time).slice(2, 4)} ${clock(time)}`
  const wrapper = `[pod/bunny-7d4f9c6b8-x2k4q/bunny] ${iso(time).replace('Z', '123456Z')}`
  return (
    `${wrapper} DEBUG - ${stamp} - Sending get request to https://relay.example.org/link_connector_api/task/nextjob/[REDACTED] with data None and kwargs {}\n` +
    `${wrapper} DEBUG - ${stamp} - Response Status: 204\n` +
    `${wrapper} DEBUG - ${stamp} - No task found. Looking for task...\n`
  )
}

function dotnetRelay({ number, time, client, collection }: Poll): string {
  const at = clock(time)
  const statement = `[${at} INF] Executed DbCommand (1ms) [Parameters=[@__normalizedUserName_0='?'], CommandType='Text', CommandTimeout='30']\nSELECT a."Id", a."AccessFailedCount"\nFROM "AspNetUsers" AS a\n`
  return (
    statement +
    `[${at} INF] Credentials validated for Client: ${client}\n` +
    `[${at} INF] HTTP GET /link_connector_api/task/nextjob/${collection} responded 204 in 132.${String(number % 10_000).padStart(4, '0')} ms\n` +
    (number % 5 === 0
      ? `[${at} INF] Basic was not authenticated. Failure message: Missing Authorization Header\n[${at} INF] HTTP GET /healthz responded 200 in 3.1201 ms\n`
      : '')
  )
}

function rabbitmq({ number, time }: Poll): string {
  const stamp = `${iso(time).replace('T', ' ').replace('Z', '')}123+00:00`
  const pid = `<0.${700 + (number % 9000)}.0>`
  const ports = `127.0.0.1:${30_000 + (number % 30_000)} -> 127.0.0.1:5672`
  return (
    `${stamp} [info] ${pid} accepting AMQP connection ${pid} (${ports})\n` +
    `${stamp} [info] ${pid} connection ${pid} (${ports}): user 'relay' authenticated and granted access to vhost '/'\n` +
    `${stamp} [info] ${pid} closing AMQP connection ${pid} (${ports}, vhost: '/', user: 'relay')\n`
  )
}

/** Other requests to the load balancer: its own health probe with every fifth poll, and occasional port scanners. */
function otherRequests({
  number,
}: Poll): readonly { address: string; path: string; status: number }[] {
  return [
    ...(number % 5 === 0 ? [{ address: '10.0.3.7', path: '/healthz', status: 200 }] : []),
    ...(number % 97 === 0
      ? [{ address: `198.51.100.${number % 251}`, path: '/.env', status: 404 }]
      : []),
  ]
}

function requests(poll: Poll): readonly { address: string; path: string; status: number }[] {
  const { address, collection } = poll
  const path = `/link_connector_api/task/nextjob/${collection}`
  return [{ address, path, status: 204 }, ...otherRequests(poll)]
}

function nginx(poll: Poll): string {
  const { time } = poll
  const stamp = `${iso(time).slice(8, 10)}/${month(time)}/${iso(time).slice(0, 4)}:${clock(time)} +0000`
  return requests(poll)
    .map(
      ({ address, path, status }) =>
        `${address} - - [${stamp}] "GET ${path} HTTP/1.1" ${status} 0 "-" "python-requests/2.34.2"\n`,
    )
    .join('')
}

function alb(poll: Poll): string {
  const { number, time } = poll
  const stamp = iso(time).replace('Z', '123Z')
  const port = 32_768 + (number % 28_000)
  const group =
    'arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/relay/73e2d6bc24d8a067'
  const trace = `Root=1-${Math.floor(time / 1000).toString(16)}-${number.toString(16).padStart(24, '0')}`
  return requests(poll)
    .map(
      ({ address, path, status }) =>
        `https ${stamp} app/hub-alb/50dc6c495c0c9188 ${address}:${port} 10.0.1.20:8080 0.000 0.${String(100 + (number % 50))} 0.000 ${status} ${status} 412 120 ` +
        `"GET https://relay.example.org:443${path} HTTP/1.1" "python-requests/2.34.2" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 ${group} "${trace}" "relay.example.org" ` +
        `"arn:aws:acm:eu-west-2:123456789012:certificate/12345678" 0 ${stamp} "forward" "-" "-" "10.0.1.20:8080" "${status}" "-" "-"\n`,
    )
    .join('')
}

function warrenRelay({ number, time, client, collection }: Poll): string {
  const requestId = number.toString(16).padStart(16, '0')
  const head = `{"level":20,"time":${time},"component":"relay","hostname":"relay-0","requestId":"${requestId}"`
  return (
    `${head},"user":"${client}","msg":"credentials validated"}\n` +
    `${head},"method":"GET","path":"/link_connector_api/task/nextjob/${collection}","status":204,"durationMs":0.${number % 1000},"user":"${client}","node":"${collection}","msg":"request completed"}\n`
  )
}
