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
  // Small machines would raise alarms, which block publishers.
  'disk_free_limit.absolute = 10MB',
  `vm_memory_high_watermark.absolute = ${MEMORY}`,
  '',
].join('\n')

/** A RabbitMQ node in `folder`, on free ports, without contact to other RabbitMQ nodes of the machine. */
export class RabbitServer {
  readonly logFile: string
  /** URL of the default virtual host. */
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
      // Holds the Erlang cookie.
      HOME: join(folder, 'home'),
      // Replaces the file in /etc/rabbitmq.
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

  /** Creates a RabbitMQ node in `folder`, which must not exist, and starts it. */
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

  /** Starts it, always on the same port and with its data, and waits until it accepts clients. */
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

  /** Closes connections and stops, like a restart by an operator. */
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

  /** Adds virtual hosts, in which the user of `url` has all permissions. */
  async addVhosts(names: readonly string[]): Promise<void> {
    const all = binary('.*')
    // One command for all, because it takes a second to start, and 50 ms to add a virtual host.
    const steps = names.map(
      (name) =>
        `ok = rabbit_vhost:add(${binary(name)}, ${binary('test')}), ` +
        `ok = rabbit_auth_backend_internal:set_permissions(${binary('guest')}, ${binary(name)}, ` +
        `${all}, ${all}, ${all}, ${binary('test')})`,
    )
    await this.#control('eval', `${steps.join(', ')}.`)
  }

  /** Adds a user with the permissions `pattern` (a regular expression of names) in a virtual host. */
  async addUser(name: string, vhost: string, pattern: string): Promise<void> {
    const permission = binary(pattern)
    const steps = [
      `ok = rabbit_auth_backend_internal:add_user(${binary(name)}, ${binary(name)}, ${binary('test')})`,
      `ok = rabbit_auth_backend_internal:set_permissions(${binary(name)}, ${binary(vhost)}, ` +
        `${permission}, ${permission}, ${permission}, ${binary('test')})`,
    ]
    await this.#control('eval', `${steps.join(', ')}.`)
  }

  /** Lowers its memory limit, so that it raises an alarm and blocks publishers. */
  async raiseAlarm(): Promise<void> {
    await this.#control('set_vm_memory_high_watermark', '0.00001')
  }

  /** Restores its memory limit. */
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

/** An Erlang literal. */
function binary(text: string): string {
  return `<<"${text.replaceAll(/["\\]/g, String.raw`\$&`)}">>`
}

/** A broker sends the first AMQP frame only after it has finished starting. */
async function completesHandshake(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.setTimeout(2_000, () => socket.destroy(new Error('no AMQP frame')))
  try {
    await once(socket, 'connect')
    socket.write('AMQP\0\0\u0009\u0001', 'latin1')
    const [frame] = await once(socket, 'data')
    return Buffer.isBuffer(frame) && frame[0] === 1
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
