import { ProgramError } from '@warren/runtime'
import { systemClock } from '../clock.ts'
import { quietLog } from '../quiet-log.ts'
import type { BunnyConfig } from '../config.ts'
import { openGate } from '../gate/open-gate.ts'
import { openCollectionState, openLink, type CollectionPlace } from '../open-collection.ts'
import type { RelayConfig } from '../relay-settings.ts'
import { siteSettings, taskTimeoutMs } from '../site-settings.ts'
import { startDeadline } from '../solve/run-query.ts'
import { solveTask, type Solution } from '../solve/solve-task.ts'
import { sourceConfig } from '../source-config.ts'
import type { CdmSource } from '../sources/cdm-source.ts'
import { VERSION } from '../version.ts'
import type { Checklist } from './checklist.ts'
import { checkData, skipData } from './data-checks.ts'
import { checkConnection, checkTables } from './database-checks.ts'
import { checkPoll, skipPoll } from './poll-check.ts'
import { subjectOf } from './relays-check.ts'

export interface AnswerChecks {
  readonly config: BunnyConfig
  readonly env: NodeJS.ProcessEnv
  /** Poll every relay once. A task that arrives is answered. */
  readonly poll: boolean
  readonly relays: readonly RelayConfig[]
  /** The relays that accept the login. */
  readonly accepted: ReadonlySet<RelayConfig>
}

const DATABASE_LATER = 'the database cannot answer tasks'

/** Whether the database can answer tasks, and with `poll`, whether a task is answered. */
export async function checkAnswers(list: Checklist, checks: AnswerChecks): Promise<void> {
  const { config, poll } = checks
  await using source = await checkConnection(list, sourceConfig(config, 1))
  const usable = await checkDatabase(list, config, source)
  if (!poll) {
    skipPoll(list, 'a poll takes a task away; add --poll to poll once and answer it')
    return
  }
  for (const [index, relay] of checks.relays.entries()) {
    await list.about(subjectOf(relay, checks.relays), async () => {
      if (!checks.accepted.has(relay)) skipPoll(list, 'the login was not accepted')
      else if (source === undefined || !usable) skipPoll(list, DATABASE_LATER)
      else await pollOnce(list, { ...checks, source, place: { relay, isFirst: index === 0 } })
    })
  }
}

async function checkDatabase(
  list: Checklist,
  config: BunnyConfig,
  source: CdmSource | undefined,
): Promise<boolean> {
  if (source === undefined) {
    for (const [id, title] of [
      ['tables', 'tables and columns'],
      ['privileges', 'privileges'],
      ['indexes', 'indexes'],
    ] as const) {
      list.skip({ id: `database.${id}`, area: 'database', title }, 'the database cannot be opened')
    }
    skipData(list, 'the database cannot be opened')
    return false
  }
  const usable = await checkTables(list, source, siteSettings(config).omop)
  if (!usable) {
    skipData(list, DATABASE_LATER)
    return false
  }
  await checkData(list, {
    source,
    answer: async (task) => {
      const limitMs = Math.ceil(Math.min(list.leftMs + 1, config.availabilityTimeoutMs))
      const { failure } = await solve(task, { config, source, limitMs })
      return failure?.reason
    },
    availabilityTimeoutMs: config.availabilityTimeoutMs,
    distributionTimeoutMs: config.distributionTimeoutMs,
  })
  return true
}

interface Solving {
  readonly config: BunnyConfig
  readonly source: CdmSource
  readonly limitMs: number
  readonly collectionId?: string
  readonly denied?: ReadonlySet<number>
}

function solve(
  task: unknown,
  { config, source, limitMs, collectionId = config.collectionId, denied }: Solving,
): Promise<Solution> {
  return solveTask(task, {
    ...siteSettings(config),
    ...(denied === undefined ? {} : { denied }),
    source,
    collectionId,
    version: VERSION,
    encode: true,
    deadline: startDeadline(limitMs),
    stop: new AbortController().signal,
    clock: systemClock,
    log: quietLog,
  })
}

interface PollOnce extends AnswerChecks {
  readonly source: CdmSource
  readonly place: CollectionPlace
}

/** Answers a task that arrives like the daemon: after the policy of the site, and with an entry in its record. */
async function pollOnce(list: Checklist, { config, env, source, place }: PollOnce): Promise<void> {
  const { relay } = place
  const context = { log: quietLog, clock: systemClock }
  await using opened = new AsyncDisposableStack()
  try {
    const state = opened.use(await openCollectionState(config, place, env, context))
    const link = opened.use(openLink(config, relay, env, quietLog))
    const { gate } = opened.use(
      await openGate(config, {
        ...place,
        ...context,
        source,
        omop: siteSettings(config).omop,
        stateFolder: state.folder,
        isDryRun: false,
      }),
    )
    await checkPoll(list, {
      limitMs: config.availabilityTimeoutMs,
      poll: (signal) => link.poll({ signal }),
      submit: (result, signal) => link.submit(result, signal),
      solve: async (task) => {
        const limitMs = taskTimeoutMs(task, config)
        // A check does not wait for approval.
        const stop = new AbortController()
        const admission = await gate
          .admit(task, {
            deadline: startDeadline(limitMs),
            stop: stop.signal,
            onHeld: () => stop.abort(),
          })
          .catch((error: unknown) => {
            if (stop.signal.aborted) return undefined
            throw error
          })
        if (admission === undefined) return undefined
        const collectionId = relay.collectionId
        const solution = await gate.answer(admission, (denied) =>
          solve(task, { config, source, limitMs, collectionId, denied }),
        )
        return solution.result
      },
    })
  } catch (error: unknown) {
    if (!(error instanceof ProgramError)) throw error
    // For example, a running bunny uses the folder, and polls.
    skipPoll(list, error.message)
  }
}
