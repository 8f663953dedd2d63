import {
  ConfigError,
  createLogger,
  newUuid,
  ProgramError,
  weakSecrets,
  type Logger,
} from '@warren/runtime'
import { ClientTls, proxyFor, taskApiBase, type ResolveHost } from '@warren/task-api'
import { systemClock } from '../clock.ts'
import { bunnyConfig, loadBunnyConfig, type BunnyConfig } from '../config.ts'
import { errorText } from '../error-text.ts'
import { defaultStateFolders } from '../outbox/state-path.ts'
import { RelayLink } from '../relay-link.ts'
import { startDeadline } from '../solve/run-query.ts'
import { solveTask } from '../solve/solve-task.ts'
import { cohortOptions } from '../omop-config.ts'
import { sourceConfig } from '../source-config.ts'
import type { CdmSource } from '../sources/cdm-source.ts'
import { VERSION } from '../version.ts'
import { Checklist } from './checklist.ts'
import { checkConnection, checkTables } from './database-checks.ts'
import { checkData, skipData } from './data-checks.ts'
import { checkNetwork } from './network-checks.ts'
import { checkPoll } from './poll-check.ts'
import { checkClock, checkLogin } from './relay-checks.ts'
import { checkCacheFolder, checkPolicy, checkState } from './site-checks.ts'
import { failed, ok, warning, type Finding, type Step } from './step.ts'

export interface CheckOptions {
  readonly env: NodeJS.ProcessEnv
  /** The time for all steps. */
  readonly totalMs: number
  /** Poll the relay once. A task that arrives is answered. */
  readonly poll: boolean
  readonly onStep?: (step: Step) => void
  readonly resolve?: ResolveHost
}

const CONFIGURATION = { id: 'configuration', area: 'configuration', title: 'settings' } as const
const DATABASE_LATER = 'the database cannot answer tasks'

/** Walks the way that a task takes, from the configuration to the state folder. Changes nothing unless `poll` is set. */
export async function runCheck(options: CheckOptions): Promise<readonly Step[]> {
  const { env, totalMs, onStep } = options
  const list = new Checklist({ totalMs, ...(onStep === undefined ? {} : { onStep }) })
  let config: BunnyConfig | undefined
  await list.run(CONFIGURATION, () => {
    try {
      config = loadBunnyConfig(env)
      return secretsFinding(config)
    } catch (error: unknown) {
      if (error instanceof ConfigError) return configProblems(error)
      throw error
    }
  })
  if (config === undefined) {
    list.skip({ id: 'relay', area: 'network', title: 'relay' }, 'the configuration is invalid')
    list.skip(
      { id: 'database', area: 'database', title: 'database' },
      'the configuration is invalid',
    )
    list.skip({ id: 'state', area: 'state', title: 'state' }, 'the configuration is invalid')
    return list.steps
  }
  await checkPolicy(list, {
    threshold: config.threshold,
    nearest: config.nearest,
    specimen: config.specimenEnabled,
    location: config.locationEnabled,
  })
  const loginAccepted = await checkRelay(list, config, options)
  await checkDatabaseAndPoll(list, config, options, loginAccepted)
  const { taskApiBaseUrl: relay, collectionId, taskApiType: type } = config
  await checkState(list, {
    mode: config.stateMode,
    folder: config.stateDir,
    defaultFolders: defaultStateFolders(env, { relay, collectionId, type }),
  })
  if (config.cacheEnabled) await checkCacheFolder(list, config.cacheDir)
  return list.steps
}

function secretsFinding(config: BunnyConfig): Finding {
  const weak = weakSecrets(bunnyConfig, config)
  if (weak.length === 0) return ok('valid')
  return warning(
    weak.map(({ name, message }) => `${name}: ${message}`).join('; '),
    ...weak.flatMap(({ hint }) => (hint === undefined ? [] : [hint])),
  )
}

function configProblems({ problems }: ConfigError): Finding {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  const lines = problems.map(
    ({ name, message, hint }) => `${name}: ${message}.${hint === undefined ? '' : ` ${hint}`}`,
  )
  return failed(count, ...lines)
}

async function checkRelay(
  list: Checklist,
  config: BunnyConfig,
  { env, resolve }: CheckOptions,
): Promise<boolean> {
  const base = taskApiBase(config.taskApiBaseUrl)
  const userAgent = `warren-bunny/${VERSION}`
  let proxy: URL | undefined
  let tls: ClientTls
  try {
    proxy = proxyFor(base, env)
    tls = new ClientTls({ env, files: {}, now: Date.now, onProblem: () => {} })
  } catch (error: unknown) {
    // For example, NODE_EXTRA_CA_CERTS names a file that cannot be read.
    const name = {
      id: 'relay.route',
      area: 'configuration',
      title: 'proxy and certificates',
    } as const
    await list.run(name, () => failed(errorText(error), 'Correct the variable, or unset it.'))
    list.skip({ id: 'relay', area: 'network', title: 'relay' }, 'the way to it is not configured')
    return false
  }
  const way = await checkNetwork(list, {
    base,
    proxy,
    tls: tls.contexts,
    userAgent,
    ...(resolve === undefined ? {} : { resolve }),
  })
  await checkClock(list, way)
  return await checkLogin(
    list,
    {
      base,
      userAgent,
      username: config.taskApiUsername,
      password: config.taskApiPassword,
      collection: config.collectionId,
    },
    way,
  )
}

async function checkDatabaseAndPoll(
  list: Checklist,
  config: BunnyConfig,
  options: CheckOptions,
  loginAccepted: boolean,
): Promise<void> {
  const omop = cohortOptions(config)
  const connected = await checkConnection(list, sourceConfig(config, 1))
  if (connected === undefined) {
    for (const [id, title] of [
      ['tables', 'tables and columns'],
      ['privileges', 'privileges'],
      ['indexes', 'indexes'],
    ] as const) {
      list.skip({ id: `database.${id}`, area: 'database', title }, 'the database cannot be opened')
    }
    skipData(list, 'the database cannot be opened')
    await pollStep(list, config, options, loginAccepted, undefined)
    return
  }
  await using source = connected
  const usable = await checkTables(list, source, omop)
  const context = solveContext(config, source)
  if (usable) {
    await checkData(list, {
      source,
      answer: async (task) => {
        const deadline = startDeadline(
          Math.ceil(Math.min(list.leftMs + 1, config.availabilityTimeoutMs)),
        )
        const { failure } = await solveTask(task, { ...context, deadline })
        return failure?.reason
      },
      availabilityTimeoutMs: config.availabilityTimeoutMs,
      distributionTimeoutMs: config.distributionTimeoutMs,
    })
  } else {
    skipData(list, DATABASE_LATER)
  }
  await pollStep(list, config, options, loginAccepted, usable ? source : undefined)
}

function solveContext(config: BunnyConfig, source: CdmSource) {
  return {
    source,
    policy: { threshold: config.threshold, nearest: config.nearest },
    omop: cohortOptions(config),
    ages: config.ages,
    statistics: config.statistics,
    collectionId: config.collectionId,
    version: VERSION,
    encode: true,
    stop: new AbortController().signal,
    clock: systemClock,
    log: silentLog(),
  }
}

function silentLog(): Logger {
  return createLogger({
    component: 'bunny',
    level: 'fatal',
    format: 'json',
    destination: { write: () => true },
  })
}

async function pollStep(
  list: Checklist,
  config: BunnyConfig,
  { poll, env }: CheckOptions,
  loginAccepted: boolean,
  source: CdmSource | undefined,
): Promise<void> {
  const notBecause = !poll
    ? 'a poll takes a task away; add --poll to poll once and answer it'
    : !loginAccepted
      ? 'the login was not accepted'
      : source === undefined
        ? DATABASE_LATER
        : undefined
  await using link = openLink(config, env)
  const limitMs = config.availabilityTimeoutMs
  await checkPoll(list, {
    notBecause,
    limitMs,
    poll: (signal) => link.poll({ signal }),
    submit: (result, signal) => link.submit(result, signal),
    solve: async (task) => {
      if (source === undefined) throw new ProgramError(DATABASE_LATER)
      const context = { ...solveContext(config, source), deadline: startDeadline(limitMs) }
      return (await solveTask(task, context)).result
    },
  })
}

function openLink(config: BunnyConfig, env: NodeJS.ProcessEnv): RelayLink {
  return new RelayLink({
    baseUrl: config.taskApiBaseUrl,
    username: config.taskApiUsername,
    password: config.taskApiPassword,
    collection: config.collectionId,
    type: config.taskApiType,
    version: VERSION,
    workerId: config.workerId ?? newUuid(),
    requestTimeoutMs: config.requestTimeoutMs,
    env,
    log: silentLog(),
  })
}
