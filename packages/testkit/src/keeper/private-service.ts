import { askKeeper } from './keeper-client.ts'
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

export async function startPrivate(kind: 'postgres' | 'rabbit'): Promise<PrivateServer> {
  const started = await askKeeper(`/private/${kind}`)
  const id = text(started, 'id')
  const act = async (action: string): Promise<void> => {
    await askKeeper(`/private/${id}/${action}`)
  }
  return {
    url: text(started, 'url'),
    logFile: text(started, 'logFile'),
    start: () => act('start'),
    stop: () => act('stop'),
    kill: () => act('kill'),
    [Symbol.asyncDispose]: () => act('remove'),
  }
}
