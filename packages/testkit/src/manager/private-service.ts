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

/** A PostgreSQL that only one suite uses. */
export interface PrivatePostgres extends PrivateServer {
  /**
   * Restarts it, and starts a hot standby that follows it: read-only until it is promoted with `select pg_promote()`.
   */
  startStandby(): Promise<PrivateServer>
}

/** A RabbitMQ that only one suite uses. */
export interface PrivateRabbit extends PrivateServer {
  /** Makes it raise a memory alarm, so that it blocks publishers. */
  raiseAlarm(): Promise<void>
  /** Makes it clear the alarm. */
  clearAlarm(): Promise<void>
}

export async function startPrivateDatabase(): Promise<PrivatePostgres> {
  const { server, id } = await begin('/private/postgres')
  const startStandby = async () => (await begin(`/private/${id}/standby`)).server
  return { ...server, startStandby }
}

export async function startPrivateBroker(): Promise<PrivateRabbit> {
  const { server, act } = await begin('/private/rabbit')
  return { ...server, raiseAlarm: () => act('raiseAlarm'), clearAlarm: () => act('clearAlarm') }
}

async function begin(path: string) {
  const started = await callManager(path)
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
  return { id, server, act }
}
