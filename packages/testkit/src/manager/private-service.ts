import { callManager } from './manager-client.ts'
import { text } from './text-member.ts'

/** A server that only one suite uses, so that its tests can stop, restart or kill it. */
export interface PrivateServer extends AsyncDisposable {
  readonly url: string
  readonly logFile: string
  /** Starts it again, on the same port and with the same data. */
  start(): Promise<void>
  /** Stops it cleanly, like a restart by an operator. */
  stop(): Promise<void>
  /** Kills it. */
  kill(): Promise<void>
}

/** A RabbitMQ that only one suite uses. */
export interface PrivateRabbit extends PrivateServer {
  /** Makes it raise a memory alarm, so that it blocks publishers. */
  raiseAlarm(): Promise<void>
  /** Makes it clear the alarm. */
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
