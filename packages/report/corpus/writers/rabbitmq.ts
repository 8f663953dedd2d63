import type { BrokerEvent } from '../world/journal.ts'
import type { LogLine } from './log-line.ts'

/** The broker's log, version 3.9 and later. */
export function writeRabbit(events: readonly BrokerEvent[]): LogLine[] {
  const written: LogLine[] = []
  let pid = 700
  let port = 40_000
  const say = (at: number, level: string, process: string, message: string): void => {
    const stamp = `${new Date(Math.floor(at)).toISOString().replace('T', ' ').slice(0, 23)}${String(Math.floor((at % 1) * 1000)).padStart(3, '0')}+00:00`
    written.push({ at, lines: [`${stamp} [${level}] ${process} ${message}`] })
  }
  for (const event of events) {
    const process = `<0.${(pid += 19)}.0>`
    const peer = `(10.0.0.4:${(port += 7)} -> 10.0.0.8:5672`
    switch (event.what) {
      case 'connection':
        say(event.at, 'info', process, `accepting AMQP connection ${process} ${peer})`)
        say(
          event.at + event.ms * 0.8,
          'info',
          process,
          `connection ${process} ${peer}): user '${event.user}' authenticated and granted access to vhost '/'`,
        )
        say(
          event.at + event.ms,
          'info',
          process,
          `closing AMQP connection ${process} ${peer}, vhost: '/', user: '${event.user}')`,
        )
        break
      case 'refused-login':
        say(event.at, 'info', process, `accepting AMQP connection ${process} ${peer})`)
        say(
          event.at + 8,
          'error',
          process,
          `Error on AMQP connection ${process} ${peer}, state: starting):`,
        )
        say(
          event.at + 8,
          'error',
          process,
          `PLAIN login refused: user '${event.user}' - invalid credentials`,
        )
        break
      case 'heartbeat-lost':
        say(
          event.at,
          'error',
          process,
          `closing AMQP connection ${process} ${peer}, vhost: '/', user: 'relay'):`,
        )
        say(event.at, 'error', process, 'missed heartbeats from client, timeout: 60s')
        break
      case 'alarm':
        say(
          event.at,
          event.set ? 'warning' : 'warning',
          process,
          event.set
            ? `${event.kind} resource limit alarm set on node rabbit@broker-0.`
            : `${event.kind} resource limit alarm cleared on node rabbit@broker-0`,
        )
        break
      case 'port-probe':
        say(event.at, 'info', process, `accepting AMQP connection ${process} ${peer})`)
        say(event.at + 1, 'error', process, '{bad_header,<<"GET / HT">>}')
        break
      default:
        event satisfies never
    }
  }
  return written
}
