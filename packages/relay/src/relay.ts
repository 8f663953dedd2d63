import { createMetrics, Health, type Logger, sleep } from '@warren/runtime'
import { hasDotnetUsers } from './change-over/dotnet-hub.ts'
import type { RelayConfig } from './config/relay-config.ts'
import { HttpService } from './http-service.ts'
import { UserManager } from './nodes/user-manager.ts'
import { Authenticator } from './nodes/authenticator.ts'
import { DeclaredPasswords } from './nodes/declared-passwords.ts'
import { reconcileDeclaredUsers } from './nodes/declared-users.ts'
import { NodeLinks } from './nodes/node-links.ts'
import { ClockMonitor } from './observe/clock-monitor.ts'
import { type Dependency, DependencySummary } from './observe/dependency-summary.ts'
import { RELAY_METRICS_PREFIX, RelayMetrics } from './observe/relay-metrics.ts'
import { openStore } from './open-store.ts'
import { DatabaseNodeQueue } from './queue/database-node-queue.ts'
import type { NodeQueue } from './queue/node-queue.ts'
import { RabbitNodeQueue } from './queue/rabbit-node-queue.ts'
import type { RelayStore } from './store/relay-store.ts'
import type { TaskEvent } from './tasks/task-events.ts'
import { TaskService } from './tasks/task-service.ts'
import { DEFAULT_SUBMISSION_POLICY } from './upstream/submission-policy.ts'
import { TaskIntake } from './upstream/task-intake.ts'
import { UpstreamLink } from './upstream/upstream-link.ts'
import { PasswordChecks } from './nodes/password-checks.ts'
import { Upkeep } from './upkeep.ts'
import { RELAY_VERSION } from './version.ts'

export interface StartRelayOptions {
  readonly log: Logger
  /** Aborts waiting for a store that is down at start. A relay that runs is stopped by disposing it. */
  readonly signal?: AbortSignal
  /** How often the log sums up, ms. Default 60,000: readers of the log count on a line a minute. */
  readonly summaryMs?: number
}

export interface RelayHandle extends AsyncDisposable {
  /** Where nodes on this machine reach it, without a path: `http://127.0.0.1:8080`. */
  readonly url: string
  readonly port: number
  readonly users: UserManager
  /** Readiness off, held polls answered, sockets closed, deliveries recorded, store closed: in this order. */
  [Symbol.asyncDispose](): Promise<void>
}

const SWEEP_MS = 2_000
const NODE_SYNC_MS = 30_000
const CLOCK_MS = 30_000
const SUMMARY_MS = 60_000
// A statement and a frame each: less than one poll costs.
const CHECKS_PER_SUMMARY = 6

/**
 * Starts a hub. It is the one place that knows every adapter. Throws a ProgramError when the store cannot be
 * reached (exit code 69), the port is taken (69) or declared users clash with others (78).
 */
export async function startRelay(
  config: RelayConfig,
  { log, signal, summaryMs = SUMMARY_MS }: StartRelayOptions,
): Promise<RelayHandle> {
  await using starting = new AsyncDisposableStack()
  const registry = createMetrics(RELAY_METRICS_PREFIX)
  starting.defer(() => registry.registry.clear())
  const metrics = new RelayMetrics(registry)
  const store = starting.use(
    await openStore(config, {
      log,
      waitForDatabase: true,
      onStatement: (durationMs, kind) => metrics.countStatement(durationMs, kind),
      ...(signal === undefined ? {} : { signal }),
    }),
  )
  const passwords = await reconcileDeclaredUsers(store.users, config.declaredUsers, {
    removesMissing: config.removesUndeclaredUsers,
    log,
  })
  await warnOfUnimportedUsers(store, config, log)

  const queue = starting.use(openQueue(config.queue, store, log))
  const links = starting.use(
    new NodeLinks({
      users: store.users,
      log,
      onRemoved: (name) => void metrics.removeNode(name),
    }),
  )
  await links.sync()

  const clock = new ClockMonitor({
    readTime: () => store.readTime(),
    log,
    onMeasured: (skewMs) => metrics.setClockSkew(skewMs),
  })
  await clock.measure()

  const upstreams = new Map<string, UpstreamLink>()
  const onEvent = (event: TaskEvent): void => {
    metrics.countTaskEvent(event, (nodeId) => links.nameOf(nodeId))
    if (event.event === 'task settled' || event.event === 'task redelivered') {
      upstreams.get(event.upstream)?.wake()
    }
  }
  const taskService = starting.use(
    new TaskService({ store, queue, log, settings: config, onEvent }),
  )
  const checks = new PasswordChecks()
  const authenticator = starting.use(
    new Authenticator({
      directory: store.users,
      checks,
      cacheMs: config.credentialCacheMs,
      changesAreObserved: () => store.events.live,
      passwordUpdate: (key) => declaredPasswords.updateOf(key),
    }),
  )
  const declaredPasswords = starting.use(
    new DeclaredPasswords({
      passwords,
      users: store.users,
      checks,
      log,
      onMatch: (user, password) => authenticator.remember(user, password),
    }),
  )
  starting.use(
    store.events.subscribe((event) => {
      if (event.kind === 'settled') upstreams.get(event.upstream)?.wake()
      if (event.kind !== 'users-changed' && event.kind !== 'resync') return
      authenticator.invalidate()
      void links.sync().catch(() => undefined)
    }),
  )

  const intake = starting.use(
    await TaskIntake.open({ folder: config.spoolFolder, store, taskService, log }),
  )
  for (const upstream of config.upstreams) {
    const link = new UpstreamLink({
      config: upstream,
      store,
      intake,
      policy: {
        ...DEFAULT_SUBMISSION_POLICY,
        deadlineMs: {
          availability: config.upstreamAvailabilityDeadlineMs,
          distribution: config.upstreamDistributionDeadlineMs,
        },
      },
      metrics,
      userAgent: `warren-relay/${RELAY_VERSION}`,
      workerId: config.workerId,
      log,
    })
    upstreams.set(upstream.name, starting.use(link))
  }

  const health = new Health()
  health.check('store', () => store.check())
  const summary = starting.use(
    new DependencySummary({ dependencies: dependencies(store, queue), log }),
  )
  starting.use(
    new Upkeep(
      [
        {
          name: 'dependencies',
          everyMs: summaryMs / CHECKS_PER_SUMMARY,
          run: () => summary.check(),
        },
        { name: 'dependency summary', everyMs: summaryMs, run: async () => summary.flush() },
        ...taskService.sweepSteps.map((step) => ({ ...step, everyMs: SWEEP_MS })),
        {
          name: 'spool',
          everyMs: SWEEP_MS,
          run: () => intake.drain().finally(() => metrics.setSpooledTasks(intake.waiting)),
        },
        { name: 'disk space', everyMs: SWEEP_MS, run: () => store.reclaimSpace() },
        { name: 'clock', everyMs: CLOCK_MS, run: () => clock.measure() },
        { name: 'node summaries', everyMs: summaryMs, run: async () => links.logSummaries() },
        { name: 'nodes', everyMs: NODE_SYNC_MS, run: () => links.sync() },
        { name: 'last seen', everyMs: NODE_SYNC_MS, run: () => links.save() },
      ],
      log,
    ),
  )

  const http = starting.use(
    await HttpService.start(config, {
      taskService,
      queue,
      authenticator,
      links,
      metrics,
      registry,
      health,
      store,
      log,
    }),
  )
  starting.defer(async () => {
    health.markStopping()
    await Promise.all([...upstreams.values()].map((link) => link.stopPolling()))
    await sleep(config.stopDelayMs)
  })
  log.info(
    {
      version: RELAY_VERSION,
      host: config.host,
      port: http.port,
      store: store.technology,
      queue: queue.technology,
      upstreams: config.upstreams.map((upstream) => upstream.name),
    },
    'relay started',
  )

  const running = starting.move()
  return {
    url: http.url,
    port: http.port,
    users: new UserManager(store.users),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

function openQueue(text: string, store: RelayStore, log: Logger): NodeQueue {
  return text === 'database'
    ? new DatabaseNodeQueue({ store })
    : new RabbitNodeQueue({ store, url: text, log })
}

function dependencies(store: RelayStore, queue: NodeQueue): Dependency[] {
  const database: Dependency = {
    name: 'database',
    technology: store.technology,
    check: () => store.check(),
  }
  if (queue.technology === 'database') return [database]
  const broker: Dependency = {
    name: 'broker',
    technology: queue.technology,
    check: () => queue.check(),
    traffic: () => queue.status().traffic,
  }
  return [database, broker]
}

/** The database of a .NET relay has no users for this one until they are imported: every node would get 401. */
async function warnOfUnimportedUsers(
  { users }: RelayStore,
  { storeTarget }: RelayConfig,
  log: Logger,
): Promise<void> {
  if (storeTarget.technology !== 'postgresql' || (await users.listUsers()).length > 0) return
  if (!(await hasDotnetUsers(storeTarget.address))) return
  log.error(
    {
      hint: 'Stop polling with the .NET relay, and run: warren relay import --from with the connection string of this database.',
    },
    'users of the .NET relay not imported',
  )
}
