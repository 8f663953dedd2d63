import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { freePort } from '../free-port.ts'
import type { ErlangPortMapper } from './erlang-port-mapper.ts'
import { RABBIT } from './requirement.ts'
import { ServiceProcess } from './service-process.ts'

const run = promisify(execFile)

const MEMORY = '1GB'
const CONFIG = [
  'log.console = false',
  'log.file.level = info',
  // Small machines: alarms would block publishers, and no test here is about a full disk.
  'disk_free_limit.absolute = 10MB',
  `vm_memory_high_watermark.absolute = ${MEMORY}`,
  '',
].join('\n')

/** A RabbitMQ node of our own, on free ports, in `folder`; a stranger to every other node of this machine. */
export class RabbitServer {
  readonly logFile: string
  /** Of the default virtual host. */
  readonly url: string
  readonly #folder: string
  readonly #program: string
  readonly #port: number
  readonly #environment: NodeJS.ProcessEnv
  #process: ServiceProcess | undefined

  private constructor(
    folder: string,
    program: string,
    ports: { amqp: number; distribution: number },
    mapper: ErlangPortMapper,
  ) {
    this.#folder = folder
    this.#program = program
    this.#port = ports.amqp
    const node = `warren-test-${ports.amqp}@localhost`
    this.logFile = join(folder, 'log', `${node}.log`)
    this.url = `amqp://guest:guest@127.0.0.1:${ports.amqp}`
    this.#environment = {
      PATH: process.env['PATH'],
      ...mapper.environment,
      // The Erlang cookie is made here.
      HOME: join(folder, 'home'),
      // Otherwise /etc/rabbitmq has a say.
      RABBITMQ_CONF_ENV_FILE: join(folder, 'rabbitmq-env.conf'),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
      RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
      RABBITMQ_NODENAME: node,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: String(ports.amqp),
      RABBITMQ_DIST_PORT: String(ports.distribution),
      RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_PID_FILE: join(folder, 'pid'),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 2:2',
    }
  }

  /** Makes a new node in `folder`, which must not exist, and starts it. */
  static async create(folder: string, mapper: ErlangPortMapper): Promise<RabbitServer> {
    const program = RABBIT.find()
    if (program === undefined) throw new Error('RabbitMQ is not installed')
    await mkdir(folder, { mode: 0o700 })
    await Promise.all(['home', 'mnesia', 'log'].map((name) => mkdir(join(folder, name))))
    await writeFile(join(folder, 'rabbitmq-env.conf'), '')
    await writeFile(join(folder, 'rabbitmq.conf'), CONFIG)
    await writeFile(join(folder, 'enabled_plugins'), '[].\n')
    const ports = { amqp: await freePort(), distribution: await freePort() }
    const server = new RabbitServer(folder, program, ports, mapper)
    await server.start()
    return server
  }

  /** Starts it, again on the same port with what it stored, and waits until it completesHandshake clients. */
  async start(): Promise<void> {
    this.#process = await ServiceProcess.start(
      {
        program: this.#program,
        args: [],
        env: this.#environment,
        cwd: this.#folder,
        logFile: join(this.#folder, 'startup.log'),
      },
      () => completesHandshake(this.#port),
    )
  }

  /** Closes connections and stops, as an operator's restart does. */
  async stop(): Promise<void> {
    await this.#process?.stop('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  async remove(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Adds virtual hosts that the user of `url` may do everything in. */
  async addVhosts(names: readonly string[]): Promise<void> {
    const all = binary('.*')
    // One command for all of them: starting it takes a second, adding a virtual host a twentieth.
    const steps = names.map(
      (name) =>
        `ok = rabbit_vhost:add(${binary(name)}, ${binary('test')}), ` +
        `ok = rabbit_auth_backend_internal:set_permissions(${binary('guest')}, ${binary(name)}, ` +
        `${all}, ${all}, ${all}, ${binary('test')})`,
    )
    await this.#control('eval', `${steps.join(', ')}.`)
  }

  /** Makes it short of memory by its own reckoning: it raises an alarm and blocks whoever publishes. */
  async raiseAlarm(): Promise<void> {
    await this.#control('set_vm_memory_high_watermark', '0.00001')
  }

  /** Ends what `alarm` began. */
  async clearAlarm(): Promise<void> {
    await this.#control('set_vm_memory_high_watermark', 'absolute', MEMORY)
  }

  async #control(...command: readonly string[]): Promise<void> {
    const program = join(dirname(this.#program), 'rabbitmqctl')
    const node = this.#environment['RABBITMQ_NODENAME'] ?? ''
    await run(program, ['-q', '-n', node, ...command], {
      cwd: this.#folder,
      env: this.#environment,
      timeout: 60_000,
    })
  }
}

/** An Erlang literal; only for texts without quotes and backslashes, as all here are. */
function binary(text: string): string {
  return `<<"${text}">>`
}

/** The first frame of an AMQP connection comes only from a broker that has finished starting. */
async function completesHandshake(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.setTimeout(2_000, () => socket.destroy(new Error('no greeting')))
  try {
    await once(socket, 'connect')
    socket.write('AMQP\0\0\u0009\u0001', 'latin1')
    const [greeting] = await once(socket, 'data')
    return Buffer.isBuffer(greeting) && greeting[0] === 1
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
