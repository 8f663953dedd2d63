import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { createDatabase, describePostgres, until, type TestDatabase } from '@warren/testkit'
import * as fc from 'fast-check'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BunnyProcess } from '../support/bunny-process.ts'
import { LeasingRelay, type RequestStep } from '../support/leasing-relay.ts'
import { CONCEPT, duckDbHospitalFile, postgresHospital } from '../support/small-hospital.ts'
import { availability, distribution, rule } from '../support/tasks.ts'

/** `WARREN_KILL_TASKS=200 WARREN_KILL_SEED=5 npx vitest run packages/bunny/test/e2e/kill-at-every-step.test.ts` */
const SEED = Number(process.env['WARREN_KILL_SEED'] ?? 1)
const STEPS = ['received', 'on disk', 'working', 'solved', 'posting', 'reply cut'] as const
const KINDS = ['availability', 'distribution'] as const
const TASKS = Number(process.env['WARREN_KILL_TASKS'] ?? STEPS.length * KINDS.length)
const TIMEOUT_MS = 60_000 + TASKS * 30_000

type Step = (typeof STEPS)[number]

interface PlannedTask {
  readonly kind: (typeof KINDS)[number]
  /** Where the bunny is killed, in this order. It is started again after each. */
  readonly kills: readonly { readonly step: Step; readonly delayMs: number }[]
}

/** Each step of each kind once, in an order that the seed determines; further tasks with up to four kills each. */
function plan(): PlannedTask[] {
  const delayMs = fc.integer({ min: 0, max: 250 })
  const kill = fc.record({ step: fc.constantFrom(...STEPS), delayMs })
  const each = KINDS.flatMap((kind) => STEPS.map((step) => ({ kind, step })))
  const once = fc
    .shuffledSubarray(each, { minLength: each.length })
    .chain((tasks) =>
      fc.tuple(
        ...tasks.map(({ kind, step }) =>
          delayMs.map((ms) => ({ kind, kills: [{ step, delayMs: ms }] })),
        ),
      ),
    )
  const more = fc.record({
    kind: fc.constantFrom(...KINDS),
    kills: fc.array(kill, { minLength: 1, maxLength: 4 }),
  })
  const [first = []] = fc.sample(once, { seed: SEED, numRuns: 1 })
  const rest = fc.sample(more, { seed: SEED, numRuns: Math.max(1, TASKS - first.length) })
  return [...first, ...rest].slice(0, TASKS)
}

const COLLECTION = 'secret-collection-7'

const taskOf = ({ kind }: PlannedTask, uuid: string) =>
  kind === 'availability'
    ? availability([rule(String(CONCEPT.cough))], { uuid, collection: COLLECTION })
    : distribution('GENERIC', { uuid, collection: COLLECTION })

/** The line after which a task is at a step. */
const LOGGED: Partial<Record<Step, RegExp>> = {
  'on disk': /"msg":"(task received|tasks restored)"/,
  working: /"msg":"(task received|tasks restored)"/,
  solved: /"msg":"task solved"/,
}
/** The step of a request at which the relay has a task. */
const REQUESTED: Partial<Record<Step, RequestStep>> = {
  received: 'handed out',
  posting: 'posting',
  'reply cut': 'accepted',
}
/** `working` is anywhere in the statement, which takes at least so long. The other steps take milliseconds. */
const STATEMENT_MS = 250

/** A bunny that is killed at steps of its task, and started again. */
class KilledBunny implements AsyncDisposable {
  readonly relay: LeasingRelay
  readonly #env: Record<string, string>
  #process: BunnyProcess
  #log = ''
  #kill: { readonly at: RequestStep; readonly now: () => void } | undefined

  private constructor(relay: LeasingRelay, env: Record<string, string>) {
    this.relay = relay
    this.#env = { ...env, TASK_API_BASE_URL: relay.url }
    this.#process = this.#start()
  }

  static async start(env: Record<string, string>): Promise<KilledBunny> {
    let bunny: KilledBunny | undefined
    const relay = await LeasingRelay.start({
      leaseMs: 1500,
      interfere: (step) => bunny?.interfere(step),
    })
    return (bunny = new KilledBunny(relay, env))
  }

  /** The log of all processes. */
  get log(): string {
    return this.#log + this.#process.stderr
  }

  interfere(step: RequestStep): 'cut' | undefined {
    if (this.#kill?.at !== step) return undefined
    this.#kill.now()
    return step === 'handed out' ? undefined : 'cut'
  }

  /** Kills the process when its task is at `step`, or when the task has left it behind, and starts it again. */
  async killAt(step: Step, delayMs: number, uuid: string): Promise<void> {
    const reached = Promise.withResolvers<void>()
    const at = REQUESTED[step]
    if (at !== undefined) this.#kill = { at, now: reached.resolve }
    const line = LOGGED[step]
    if (line !== undefined) {
      const look = (): void => void (line.test(this.#process.stderr) && reached.resolve())
      look()
      this.#process.child.stderr.on('data', look)
    }
    const isPast = until(() => this.relay.resultOf(uuid), { timeoutMs: 60_000, what: step })
    await Promise.race([reached.promise, isPast.then(() => this.#submitted(uuid))])
    if (step === 'working') await sleep(delayMs)
    else if (at === undefined || step === 'received') await sleep(delayMs / 25)
    this.#kill = undefined
    const { stderr } = await this.#process.kill('SIGKILL')
    this.#log += stderr
    this.#process = this.#start()
  }

  /** Ends the process in an orderly way. */
  async end(): Promise<void> {
    const { stderr } = await this.#process.kill('SIGTERM')
    this.#log += stderr
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill('SIGKILL')
    await this.relay[Symbol.asyncDispose]()
  }

  #start(): BunnyProcess {
    return new BunnyProcess(['daemon'], { env: this.#env })
  }

  /** `reply cut` kills before this line. */
  async #submitted(uuid: string): Promise<void> {
    const line = new RegExp(`"taskId":"${uuid}".*"msg":"result submitted"`)
    await until(() => line.test(this.log), { timeoutMs: 60_000, what: 'the submission' })
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const settings = {
  TASK_API_USERNAME: 'site-a',
  TASK_API_PASSWORD: 'hunter2-hunter2',
  TASK_API_ENFORCE_HTTPS: 'false',
  COLLECTION_ID: COLLECTION,
  INITIAL_BACKOFF: '100ms',
  MAX_BACKOFF: '200ms',
  POLLING_INTERVAL: '1s',
  POLL_WAIT_SECONDS: '0',
  LOW_NUMBER_SUPPRESSION_THRESHOLD: '10',
  ROUNDING_TARGET: '10',
}

/** Kills a bunny at the steps of the plan. Every task must then have one result, and that of a bunny that is not killed. */
async function survivesKills(env: Record<string, string>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'warren-kills-'))
  try {
    await using bunny = await KilledBunny.start({ ...settings, ...env, BUNNY_STATE_DIR: folder })
    const { relay } = bunny
    const undisturbed = { availability: 'calm-availability', distribution: 'calm-distribution' }
    for (const kind of KINDS) relay.ask(taskOf({ kind, kills: [] }, undisturbed[kind]))
    await until(() => relay.unanswered.length === 0, { timeoutMs: 60_000, what: 'calm tasks' })
    expect(relay.resultOf(undisturbed.availability)?.queryResult.count).toBe(30)
    expect(relay.resultOf(undisturbed.distribution)?.queryResult.count).toBeGreaterThan(5)

    const tasks = plan().map((task, index) => ({ ...task, uuid: `task-${String(index)}` }))
    for (const task of tasks) {
      relay.ask(taskOf(task, task.uuid))
      for (const { step, delayMs } of task.kills) await bunny.killAt(step, delayMs, task.uuid)
      const told = `${task.uuid} of ${JSON.stringify(task)}, seed ${String(SEED)}`
      await until(() => relay.resultOf(task.uuid), { timeoutMs: 60_000, what: told })
      const { status, message, queryResult } = relay.resultOf(undisturbed[task.kind]) ?? {}
      expect(relay.resultOf(task.uuid), `${told}\n${bunny.log}`).toMatchObject({
        status,
        message,
        queryResult,
      })
    }
    await bunny.end()
    expect(relay.accepted).toHaveLength(tasks.length + KINDS.length)
    expect(relay.unknown).toEqual([])
    for (const late of relay.late) expect(late).toEqual(relay.resultOf(late.uuid))
    expect(bunny.log).not.toMatch(/"msg":"(result lost|result rejected|outbox failure)"/)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

describe('a bunny that is killed at every step, with DuckDB', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warren-kills-db-'))
    const file = join(folder, 'omop.duckdb')
    await duckDbHospitalFile(file)
    const instance = await DuckDBInstance.create(file)
    const connection = await instance.connect()
    await connection.run(`ALTER TABLE condition_occurrence RENAME TO condition_rows`)
    await connection.run(`CREATE VIEW condition_occurrence AS SELECT * FROM condition_rows
      WHERE (SELECT max(hash(i)) FROM range(${String(STATEMENT_MS * 100_000)}) t(i)) > 0`)
    connection.closeSync()
    instance.closeSync()
  })
  afterAll(() => rm(folder, { recursive: true }))

  it(
    'answers every task once, with the true figures, and leaves nothing behind',
    async () => {
      const temp = await mkdtemp(join(folder, 'temp-'))
      const file = join(folder, 'omop.duckdb')
      await survivesKills({
        DATASOURCE_DB_DRIVERNAME: 'duckdb',
        DATASOURCE_DUCKDB_PATH_TO_DB: file,
        DATASOURCE_DUCKDB_TEMP_DIRECTORY: temp,
      })
      await until(async () => (await readdir(temp)).length === 0)
      // DuckDB opens a file for writing only if no other process reads it.
      const instance = await until(() => DuckDBInstance.create(file))
      instance.closeSync()
    },
    TIMEOUT_MS,
  )
})

describePostgres('a bunny that is killed at every step, with PostgreSQL', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createDatabase()
    await postgresHospital(database.url, 'omop')
    const client = new Client({ connectionString: database.url })
    await client.connect()
    await client.query(`ALTER TABLE omop.condition_occurrence RENAME TO condition_rows`)
    await client.query(`CREATE VIEW omop.condition_occurrence AS SELECT * FROM omop.condition_rows
      WHERE (SELECT pg_sleep(${String(STATEMENT_MS / 1000)})::text) = ''`)
    await client.end()
  })
  afterAll(() => database[Symbol.asyncDispose]())

  it(
    'answers every task once, with the true figures',
    async () => {
      const url = new URL(database.url)
      await survivesKills({
        DATASOURCE_DB_DRIVERNAME: 'postgresql',
        DATASOURCE_DB_HOST: url.hostname,
        DATASOURCE_DB_PORT: url.port,
        DATASOURCE_DB_DATABASE: url.pathname.slice(1),
        DATASOURCE_DB_USERNAME: decodeURIComponent(url.username),
        DATASOURCE_DB_PASSWORD: decodeURIComponent(url.password),
        DATASOURCE_DB_SCHEMA: 'omop',
      })
    },
    TIMEOUT_MS,
  )
})
