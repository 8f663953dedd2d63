import { callManager } from './manager-client.ts'
import { text } from './text-member.ts'

/** A server of one suite alone: stop, restart or kill it as the test needs. */
export interface PrivateServer extends AsyncDisposable {
  readonly url: string
  readonly logFile: string
  /** Starts it again, on the same port with the data it had. */
  start(): Promise<void>
  /** Stops it in order, as a restart by an operator does. */
  stop(): Promise<void>
  /** Ends it without warning. */
  kill(): Promise<void>
}

/** A RabbitMQ of one suite alone. */
export interface PrivateRabbit extends PrivateServer {
  /** It raises a memory alarm and blocks publishers. */
  raiseAlarm(): Promise<void>
  /** It clears the alarm. */
  clearAlarm(): Promise<void>
}

export async function startPrivateDatabase(): Promise<PrivateServer> {
  return (await begin('postgres')).server
}

export async function startPrivateBroker(): Promise<PrivateRabbit> {
  const { server, act } = await begin('rabbit')
  return { ...server, raiseAlarm: () => act('raiseAlarm'), clearAlarm: () => act('clearAlarm') }
}

async function begin(kind: 'postgres' | 'rabbit') {
  const started = await callManager(`/private/${kind}`)
  const id = text(started, 'id')
  const act = async (action: string): Promise<void> => {
    await callManager(`/private/${id}/${action}`)
  }
  const server: PrivateServer = {
    url: text(started, 'url'),
    logFile: text(started, 'logFile'),
    start: () => act('start'),
    stop: () => act('stop'),
    kill: () => act('kill'),
    [Symbol.asyncDispose]: () => act('remove'),
  }
  return { server, act }
}
