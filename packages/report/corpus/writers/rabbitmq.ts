import { lookUp } from '../simulation/facts.ts'
import type { Fact, FactOf, FactTable } from '../simulation/facts.ts'
import { brokerStamp } from './clock-text.ts'
import { BROKER_ADDRESS, RELAY_ADDRESS, PROBE_ADDRESS } from './written-line.ts'
import type { WriterOptions, WrittenLine } from './written-line.ts'

type Entry = readonly [level: 'info' | 'warning' | 'error' | 'notice', pid: number, text: string]

/** Log of the broker. Since 3.9, every line of an event has a time; before, only the first. */
export function writeRabbitmq(facts: readonly Fact[], options: WriterOptions): WrittenLine[] {
  return facts.flatMap((fact) => {
    const stamp = brokerStamp(fact.time)
    return (lookUp(ENTRIES, fact) ?? []).flatMap(([level, pid, text]) => {
      const prefix = `${stamp} [${level}] <0.${pid}.0> `
      const [first = '', ...more] = text.split('\n')
      const below = more.map((line) => (options.verbose ? prefix + line : ` ${line}`))
      return [prefix + first, ...below].map((line) => ({ time: fact.time, text: line }))
    })
  })
}

const ENTRIES: FactTable<readonly Entry[]> = {
  'broker stopping': () => [
    ['notice', 61, 'SIGTERM received - shutting down\n'],
    ['notice', 61, 'SIGTERM received - shutting down\n'],
    ['info', 1084, 'stopped TCP listener on [::]:5672'],
    [
      'error',
      712,
      `Error on AMQP connection <0.712.0> (${RELAY_ADDRESS}:41188 -> ${BROKER_ADDRESS}:5672, vhost: '/', user: 'relay', state: running), channel 0:\n operation none caused a connection exception connection_forced: "broker forced connection closure with reason 'shutdown'"`,
    ],
    ['info', 1095, "Closing all connections in vhost '/' because the vhost is stopping"],
  ],
  'broker started': () => [
    ['notice', 44, 'Application syslog exited with reason: stopped'],
    ['notice', 221, 'Logging: configured log handlers are now ACTIVE'],
    ['info', 221, '\n Starting RabbitMQ 3.13.7 on Erlang 26.2.5.11 [jit]'],
    ['info', 221, 'started TCP listener on [::]:5672'],
    ['info', 9, 'Server startup complete; 4 plugins started.'],
  ],
  accepted: (fact) => [
    ['info', fact.pid, `accepting AMQP connection <0.${fact.pid}.0> (${connectionText(fact)})`],
  ],
  authenticated: (fact) => [
    [
      'info',
      fact.pid,
      `connection <0.${fact.pid}.0> (${connectionText(fact)}): user 'relay' authenticated and granted access to vhost '/'`,
    ],
  ],
  closed: (fact) => [
    [
      'info',
      fact.pid,
      `closing AMQP connection <0.${fact.pid}.0> (${connectionText(fact)}, vhost: '/', user: 'relay')`,
    ],
  ],
  'login refused': (fact) => [
    [
      'error',
      fact.pid,
      `Error on AMQP connection <0.${fact.pid}.0> (${connectionText(fact)}, state: starting):\nPLAIN login refused: user 'relay' - invalid credentials`,
    ],
  ],
  'heartbeats missed': (fact) => [
    [
      'error',
      fact.pid,
      `closing AMQP connection <0.${fact.pid}.0> (${connectionText(fact)}):\nmissed heartbeats from client, timeout: 60s`,
    ],
  ],
  'alarm set': (fact) => [
    ['warning', 460, `${fact.what} resource limit alarm set on node rabbit@broker-0.`],
    ['warning', 460, ''],
    ['warning', 460, STARS],
    ['warning', 460, '*** Publishers will be blocked until this alarm clears ***'],
    ['warning', 460, STARS],
  ],
  'alarm cleared': (fact) => [
    ['warning', 460, `${fact.what} resource limit alarm cleared on node rabbit@broker-0`],
  ],
  'port probed': (fact) => probed(fact),
}

/** A health check of the broker port: with an HTTP request, by disconnecting, or without sending anything. */
function probed({ pid, port, how }: FactOf<'port probed'>): readonly Entry[] {
  const from = `${PROBE_ADDRESS}:${port} -> ${BROKER_ADDRESS}:5672`
  const [level, reason] = PROBES[how]
  return [
    ['info', pid, `accepting AMQP connection <0.${pid}.0> (${from})`],
    [level, pid, `closing AMQP connection <0.${pid}.0> (${from}):\n${reason}`],
  ]
}

const PROBES: Readonly<
  Record<FactOf<'port probed'>['how'], readonly ['warning' | 'error', string]>
> = {
  http: ['error', '{bad_header,<<"GET / HT">>}'],
  dropped: ['warning', 'client unexpectedly closed TCP connection'],
  silent: ['error', '{handshake_timeout,handshake}'],
}

const STARS = '*'.repeat(58)

function connectionText({
  port,
}: FactOf<
  'accepted' | 'authenticated' | 'closed' | 'login refused' | 'heartbeats missed'
>): string {
  return `${RELAY_ADDRESS}:${port} -> ${BROKER_ADDRESS}:5672`
}
