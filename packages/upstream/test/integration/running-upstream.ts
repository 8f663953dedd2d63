import { createLogger } from '@warren/runtime'
import { TaskApiClient, TaskApiError } from '@warren/task-api'
import { onTestFinished } from 'vitest'
import { type UpstreamHandle, loadUpstreamConfig, startUpstream } from '../../src/index.ts'

export interface LogLine {
  readonly msg: string
  readonly [field: string]: unknown
}

/** A clock that moves only when `advance` is called. */
export class TestClock {
  #now = Date.parse('2026-02-03T10:00:00Z')
  readonly now = () => this.#now

  advance(ms: number): void {
    this.#now += ms
  }
}

export interface Running {
  readonly upstream: UpstreamHandle
  readonly url: string
  readonly clock: TestClock
  readonly log: readonly LogLine[]
  /** The lines logged with this message. */
  logged(msg: string): readonly LogLine[]
}

/** An upstream on a free loopback port for one test, with its own clock. */
export async function runningUpstream(env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const log: LogLine[] = []
  const clock = new TestClock()
  const upstream = await startUpstream(loadUpstreamConfig({ UPSTREAM_PORT: '0', ...env }), {
    now: clock.now,
    log: createLogger({
      component: 'upstream',
      level: 'debug',
      format: 'json',
      destination: { write: (line: string) => log.push(JSON.parse(line)) },
    }),
  })
  onTestFinished(() => upstream[Symbol.asyncDispose]())
  return {
    upstream,
    url: upstream.url,
    clock,
    log,
    logged: (msg) => log.filter((line) => line.msg === msg),
  }
}

export interface Poller {
  readonly client: TaskApiClient
  readonly collectionId: string
  readonly username: string
  readonly password: string
}

/** A client with its own credentials. */
export async function poller(
  { upstream, url }: Running,
  options: { name?: string; base?: string; collection?: string; password?: string } = {},
): Promise<Poller> {
  const { name = 'north', base = '/api/v1' } = options
  const login = await upstream.collections.add({ name })
  const client = new TaskApiClient({
    baseUrl: `${url}${base}`,
    username: login.username,
    password: options.password ?? login.password,
    collection: options.collection ?? login.collectionId,
    userAgent: 'warren-test/1.0',
    workerId: 'worker-1',
    env: {},
  })
  onTestFinished(() => client[Symbol.asyncDispose]())
  return { client, ...login }
}

export async function failureOf(work: Promise<unknown>): Promise<TaskApiError> {
  try {
    await work
  } catch (error: unknown) {
    if (error instanceof TaskApiError) return error
    throw error
  }
  throw new Error('did not fail')
}

export const MEN = {
  cohort: {
    groups_oper: 'OR',
    groups: [
      {
        rules_oper: 'AND',
        rules: [{ varcat: 'Person', varname: 'OMOP', type: 'TEXT', oper: '=', value: '8507' }],
      },
    ],
  },
}

export const GENERIC = { analysis: 'DISTRIBUTION', code: 'GENERIC' }
