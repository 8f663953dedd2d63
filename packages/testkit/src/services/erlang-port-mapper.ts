import { connect } from 'node:net'
import { join } from 'node:path'

import { freePort } from '../free-port.ts'
import { ServiceProcess } from './service-process.ts'

/**
 * A separate epmd. Without it, a RabbitMQ node would register with the epmd of the machine, or start one that outlives
 * the tests.
 */
export class ErlangPortMapper {
  readonly #process: ServiceProcess
  readonly #port: number

  private constructor(process: ServiceProcess, port: number) {
    this.#process = process
    this.#port = port
  }

  static async start(folder: string): Promise<ErlangPortMapper> {
    const port = await freePort()
    const process = await ServiceProcess.start(
      {
        program: 'epmd',
        args: ['-port', String(port), '-address', '127.0.0.1'],
        env: { PATH: globalThis.process.env['PATH'] },
        cwd: folder,
        logFile: join(folder, 'epmd.log'),
      },
      () => accepts(port),
      10_000,
    )
    return new ErlangPortMapper(process, port)
  }

  /** The variables with which Erlang programs find it. */
  get environment(): NodeJS.ProcessEnv {
    return { ERL_EPMD_PORT: String(this.#port), ERL_EPMD_ADDRESS: '127.0.0.1' }
  }

  stop(): Promise<void> {
    return this.#process.kill()
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const end = (accepted: boolean): void => {
      socket.destroy()
      resolve(accepted)
    }
    socket.on('connect', () => end(true))
    socket.on('error', () => end(false))
  })
}
