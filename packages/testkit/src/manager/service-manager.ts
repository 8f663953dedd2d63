import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import { ErlangPortMapper } from '../services/erlang-port-mapper.ts'
import { PostgresServer } from '../services/postgres-server.ts'
import { RabbitServer } from '../services/rabbit-server.ts'
import { VhostPool } from './vhost-pool.ts'

/** A service of one suite, which can be stopped without affecting other suites. */
export interface PrivateService {
  readonly id: string
  readonly url: string
  readonly logFile: string
}

export type PrivateAction = 'start' | 'stop' | 'kill' | 'remove' | RabbitAction
type RabbitAction = 'raiseAlarm' | 'clearAlarm'
type Server = PostgresServer | RabbitServer

// A suite that does not remove its servers must fail before the machine runs out of memory.
const MAX_PRIVATE_SERVICES = 8

/** Owns the services of a test run: starts each when it is first needed, and ends all of them. */
export class ServiceManager {
  readonly #folder: string
  readonly #private = new Map<string, Server>()
  #postgres: Promise<PostgresServer> | undefined
  #rabbit: Promise<{ server: RabbitServer; vhosts: VhostPool }> | undefined
  #mapper: Promise<ErlangPortMapper> | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  async postgres(): Promise<{ url: string }> {
    this.#postgres ??= PostgresServer.create(join(this.#folder, 'postgres'))
    const { url } = await this.#postgres
    return { url }
  }

  async rabbit(): Promise<{ url: string }> {
    const { server } = await this.#sharedRabbit()
    return { url: server.url }
  }

  async vhost(): Promise<{ name: string; url: string }> {
    const { server, vhosts } = await this.#sharedRabbit()
    const name = await vhosts.take()
    return { name, url: `${server.url}/${name}` }
  }

  /** A user of the shared RabbitMQ who may use only names that match `pattern`, in one virtual host. */
  async limitedUser(vhost: string, pattern: string): Promise<{ name: string }> {
    const { server } = await this.#sharedRabbit()
    const name = `limited-${randomBytes(4).toString('hex')}`
    await server.addUser(name, vhost, pattern)
    return { name }
  }

  createPrivate(kind: 'postgres' | 'rabbit'): Promise<PrivateService> {
    return this.#addPrivate(kind, async (folder) =>
      kind === 'postgres'
        ? await PostgresServer.create(folder)
        : await RabbitServer.create(folder, await this.#portMapper()),
    )
  }

  /** A hot standby of the private PostgreSQL `id`. */
  createStandby(id: string): Promise<PrivateService> {
    const primary = this.#private.get(id)
    if (!(primary instanceof PostgresServer)) throw new Error(`${id} is not a PostgreSQL`)
    return this.#addPrivate('postgres', (folder) => PostgresServer.follow(primary, folder))
  }

  async #addPrivate(
    kind: string,
    create: (folder: string) => Promise<Server>,
  ): Promise<PrivateService> {
    if (this.#private.size >= MAX_PRIVATE_SERVICES) {
      throw new Error(
        `the limit of ${MAX_PRIVATE_SERVICES} private services is reached: dispose of some`,
      )
    }
    const id = `${kind}-${randomBytes(4).toString('hex')}`
    const server = await create(join(this.#folder, id))
    this.#private.set(id, server)
    return { id, url: server.url, logFile: server.logFile }
  }

  async act(id: string, action: PrivateAction): Promise<void> {
    const server = this.#private.get(id)
    if (server === undefined) throw new Error(`private service ${id} does not exist`)
    if (action === 'raiseAlarm' || action === 'clearAlarm') {
      if (!(server instanceof RabbitServer)) throw new Error(`${id} is not a RabbitMQ`)
      await server[action]()
    } else await server[action]()
    if (action === 'remove') this.#private.delete(id)
  }

  /** Ends all services, even those that are still starting. */
  async stop(): Promise<void> {
    const shared = [this.#postgres, this.#rabbit?.then(({ server }) => server)]
    const servers = [...this.#private.values(), ...shared]
    await Promise.allSettled(servers.map(async (server) => (await server)?.kill()))
    await Promise.allSettled([this.#mapper?.then((mapper) => mapper.stop())])
  }

  #sharedRabbit(): Promise<{ server: RabbitServer; vhosts: VhostPool }> {
    this.#rabbit ??= this.#portMapper()
      .then((mapper) => RabbitServer.create(join(this.#folder, 'rabbit'), mapper))
      .then((server) => ({ server, vhosts: new VhostPool((names) => server.addVhosts(names)) }))
    return this.#rabbit
  }

  #portMapper(): Promise<ErlangPortMapper> {
    this.#mapper ??= ErlangPortMapper.start(this.#folder)
    return this.#mapper
  }
}
