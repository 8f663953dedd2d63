import {
  ExitCode,
  LogBudget,
  type Logger,
  ProgramError,
  createLogger,
  steadyTime,
} from '@warren/runtime'
import { longestBodyMs } from '@warren/runtime/http'
import type { FastifyInstance } from 'fastify'
import type { CollectionCredentials } from './collections/collection.ts'
import { Collections } from './collections/collections.ts'
import type { UpstreamConfig } from './config.ts'
import { buildApp } from './http/app.ts'
import { type CollectionView, toCollectionView } from './http/asking.routes.ts'
import { MAX_RESULT_BYTES } from './http/task-api.routes.ts'
import { isLoopback } from './http/loopback.ts'
import { type QuestionView, toQuestionView } from './http/question-view.ts'
import { RateLimit } from './http/rate-limit.ts'
import { isSettled } from './questions/question.ts'
import { Questions } from './questions/questions.ts'
import { UpstreamStore } from './store/upstream-store.ts'
import { UPSTREAM_VERSION } from './version.ts'

export interface UpstreamOptions {
  readonly log?: Logger
  /** Milliseconds since 1970, the clock of leases, deadlines and suspensions. */
  readonly now?: () => number
}

/** A running upstream, for its own process. */
export interface UpstreamHandle extends AsyncDisposable {
  /** `http://host:port`, without a path. */
  readonly url: string
  readonly collections: {
    /** Only this call returns the password. */
    add(options: { readonly name: string }): Promise<CollectionCredentials>
    list(): readonly CollectionView[]
  }
  /** Accepts the same as `POST /api/v1/questions`. Returns the uuid. @throws UpstreamError */
  ask(task: unknown): Promise<string>
  /**
   * Resolves when the question is answered, failed or timed out. Rejects with the reason of `signal`, or with an
   * AbortError if the upstream stops first.
   */
  waitForResult(uuid: string, options?: { readonly signal?: AbortSignal }): Promise<QuestionView>
}

const SWEEP_MS = 1000
const KEEP_ALIVE_MS = 75_000
// How long a body may wait for memory.
const MAX_REQUEST_WAIT_MS = 60_000
// How long requests in progress may take after the upstream was stopped.
const DRAIN_MS = 5000

/** Starts an upstream. Resolves once it listens. @throws ProgramError */
export async function startUpstream(
  config: UpstreamConfig,
  options: UpstreamOptions = {},
): Promise<UpstreamHandle> {
  const { now = steadyTime } = options
  const log = options.log ?? createLogger({ component: 'upstream', level: 'warn', format: 'json' })
  assertAskerToken(config)
  await using resources = new AsyncDisposableStack()
  const stopping = new AbortController()
  const store = resources.use(UpstreamStore.open(config.store))
  const budget = resources.use(new LogBudget({ log }))
  const { suspendAfterMs, behaviour, leaseMs, maxAttempts, retentionMs } = config
  const collections = new Collections({ store, suspendAfterMs, now, log })
  const questions = new Questions({
    store,
    collections,
    behaviour,
    leaseMs,
    maxAttempts,
    retentionMs,
    timeoutMs: { availability: config.taskTimeoutMs, distribution: config.distributionTimeoutMs },
    now,
    log,
    budget,
  })
  const app = buildApp({
    collections,
    questions,
    behaviour,
    stopping: stopping.signal,
    now,
    askerToken: config.askerToken,
    rateLimit: new RateLimit(config.rateLimit, now),
    check: () => store.check(),
    server: {
      maxConnections: config.maxConnections,
      keepAliveMs: KEEP_ALIVE_MS,
      requestMs: longestBodyMs(MAX_RESULT_BYTES) + MAX_REQUEST_WAIT_MS,
    },
    log,
    budget,
  })
  resources.defer(async () => {
    // Ends waiting requests with the current state; closing waits for them.
    stopping.abort(new DOMException('the upstream was stopped', 'AbortError'))
    const cutOff = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS)
    await app.close()
    clearTimeout(cutOff)
  })
  const url = await listen(app, config)
  const sweeper = setInterval(() => sweep(collections, questions, log), SWEEP_MS)
  resources.defer(() => clearInterval(sweeper))
  const { host, port } = config
  log.info(
    { version: UPSTREAM_VERSION, host, port, url, store: config.store, behaviour },
    'upstream started',
  )

  const owned = resources.move()
  return {
    url,
    collections: {
      add: async ({ name }) => collections.add(name),
      list: () => collections.list().map(toCollectionView),
    },
    ask: async (task) => questions.ask(task).uuid,
    waitForResult: (uuid, { signal } = {}) =>
      waitUntilSettled(questions, uuid, stopping.signal, signal),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

// The configuration checks this too, but code may start an upstream with any configuration.
function assertAskerToken({ host, askerToken }: UpstreamConfig): void {
  if (askerToken !== undefined || isLoopback(host)) return
  throw new ProgramError(`no asker token, and other machines can reach ${host}`, {
    exitCode: ExitCode.config,
    hint: 'Set UPSTREAM_ASKER_TOKEN, or set UPSTREAM_HOST=127.0.0.1.',
  })
}

async function listen(app: FastifyInstance, { host, port }: UpstreamConfig): Promise<string> {
  try {
    await app.listen({ host, port })
  } catch (error: unknown) {
    const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new ProgramError(`cannot listen on ${host}:${port}${reason}`, {
      exitCode: ExitCode.unavailable,
      hint: 'Set UPSTREAM_PORT to another port, or stop the program that uses this one.',
      cause: error,
    })
  }
  const address = app.server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  // A client cannot connect to "all addresses".
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${bound}`
}

function sweep(collections: Collections, questions: Questions, log: Logger): void {
  try {
    collections.sweep()
    questions.sweep()
  } catch (error: unknown) {
    // A locked file is temporary; the next sweep follows in a second.
    log.error({ err: error }, 'sweep failed')
  }
}

const RECHECK_MS = 60_000

async function waitUntilSettled(
  questions: Questions,
  uuid: string,
  stopping: AbortSignal,
  signal: AbortSignal | undefined,
): Promise<QuestionView> {
  const either = signal === undefined ? stopping : AbortSignal.any([signal, stopping])
  for (;;) {
    either.throwIfAborted()
    const question = await questions.waitUntilSettled(uuid, { waitMs: RECHECK_MS, signal: either })
    if (isSettled(question)) return toQuestionView(question, questions.resultOf(uuid))
  }
}
