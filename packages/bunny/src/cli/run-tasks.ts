import { ModifierError, policyFromModifiers, type DisclosurePolicy } from '@warren/disclosure'
import { ExitCode, ProgramError, type CliIo } from '@warren/runtime'
import {
  errorResult,
  parseTaskEnvelope,
  serializeResultBytes,
  type EncodedResult,
} from '@warren/task-api'
import { systemClock } from '../clock.ts'
import { loadRunConfig, runConfig } from '../config.ts'
import { BunnyEvent } from '../log-events.ts'
import { startDeadline } from '../solve/run-query.ts'
import { solveTask } from '../solve/solve-task.ts'
import { VERSION } from '../version.ts'
import { siteSettings, taskTimeoutMs } from '../site-settings.ts'
import { readBatch, type BatchLine } from './batch.ts'
import { openRunDatabase } from './open-run-database.ts'
import { programLog } from './program-log.ts'
import { parseJson, readTaskInput } from './task-input.ts'
import { openOutput } from '../output/result-output.ts'
import { summarise, toCsv } from '../output/result-summary.ts'

export interface RunOptions {
  readonly body?: string
  readonly bodyJson?: string
  readonly batch?: string
  /** Absent: the policy of the site. */
  readonly modifiers?: string
  readonly encode: boolean
  readonly output?: string
  /** One line of JSON per result, also on a terminal. */
  readonly json?: true
  readonly csv?: true
  readonly dryRun?: true
}

/**
 * Solves one task or a batch on one connection. Reads the options before it opens the database. Throws `ProgramError`,
 * with exit code 1 if an input is invalid or a result is an error.
 */
export async function runTasks(options: RunOptions, io: CliIo): Promise<void> {
  const modifiers =
    options.modifiers === undefined ? undefined : parseJson(options.modifiers, '--modifiers')
  const given = modifiers === undefined ? undefined : readPolicy(modifiers)
  const single =
    options.batch === undefined ? { task: await readTaskInput(options, io) } : undefined
  const config = loadRunConfig(io.env)
  const settings = siteSettings(config)
  const policy = given ?? settings.policy
  const log = programLog(runConfig, config, io)
  await using source = await openRunDatabase(config, log)
  await using output = await openOutput(options.output, io.stdout)
  const format = formatOf(options, io)
  const never = new AbortController().signal

  /** Returns the reason if the result is an error. */
  const solve = async (task: unknown, policy: DisclosurePolicy) => {
    const { result, failure } = await solveTask(task, {
      ...settings,
      source,
      policy,
      collectionId: config.collectionId,
      version: VERSION,
      encode: options.encode,
      deadline: startDeadline(taskTimeoutMs(task, config)),
      stop: never,
      clock: systemClock,
      log,
    })
    await output.write(format(result))
    return failure?.reason
  }

  if (single !== undefined) {
    const reason = await solve(single.task, policy)
    await output.close()
    if (options.output !== undefined) log.info({ path: options.output }, BunnyEvent.resultSaved)
    if (reason !== undefined) throw new ProgramError(`the task was not answered: ${reason}`)
    return
  }

  let lines = 0
  let failed = 0
  for await (const line of readBatch(options.batch ?? '-', io.stdin)) {
    lines += 1
    const readable = readLine(line, policy)
    const reason =
      'policy' in readable ? await solve(readable.task, readable.policy) : readable.problem
    if ('problem' in readable) {
      await output.write(format(errorFor(readable.task, readable.problem)))
    }
    if (reason === undefined) continue
    failed += 1
    io.stderr.write(`line ${String(line.number)}: ${reason}\n`)
  }
  await output.close()
  if (failed > 0) {
    throw new ProgramError(`${String(failed)} of ${String(lines)} tasks were not answered`)
  }
}

/** JSON in a pipe and in a file, a summary where a person looks. */
function formatOf(options: RunOptions, io: CliIo): (result: EncodedResult) => string {
  if (options.csv === true) return toCsv
  const isForPeople =
    options.json !== true && options.output === undefined && io.stdout.isTTY === true
  return isForPeople
    ? (result) => summarise(result, io)
    : (result) => `${serializeResultBytes(result).toString()}\n`
}

type ReadableLine =
  | { readonly task: unknown; readonly policy: DisclosurePolicy }
  | { readonly task: unknown; readonly problem: string }

function readLine(line: BatchLine, policy: DisclosurePolicy): ReadableLine {
  if ('problem' in line) return { task: undefined, problem: line.problem }
  const { task, modifiers } = line
  if (modifiers === undefined) return { task, policy }
  try {
    return { task, policy: policyFromModifiers(modifiers) }
  } catch (error: unknown) {
    if (error instanceof ModifierError) return { task, problem: error.message }
    throw error
  }
}

/** The result of an unreadable line. */
function errorFor(task: unknown, reason: string): EncodedResult {
  let address = { uuid: '', collection: '' }
  try {
    address = parseTaskEnvelope(task)
  } catch {
    // The task has no uuid or collection, so its result has none either. Its position identifies it.
  }
  return errorResult(address, reason)
}

function readPolicy(modifiers: unknown): DisclosurePolicy {
  try {
    return policyFromModifiers(modifiers)
  } catch (error: unknown) {
    if (!(error instanceof ModifierError)) throw error
    throw new ProgramError(error.message, {
      exitCode: ExitCode.failure,
      hint: `Use a list like --modifiers '[{"id":"Rounding","nearest":10}]'.`,
      cause: error,
    })
  }
}
