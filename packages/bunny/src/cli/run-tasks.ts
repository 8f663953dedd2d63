import { readFile } from 'node:fs/promises'
import { text as readText } from 'node:stream/consumers'
import { ModifierError, policyFromModifiers, type DisclosurePolicy } from '@warren/disclosure'
import { ExitCode, fileErrorReason, ProgramError, type CliIo } from '@warren/runtime'
import { errorResult, parseTaskEnvelope, serializeResult, type TaskResult } from '@warren/task-api'
import { systemClock } from '../clock.ts'
import { loadRunConfig, runConfig } from '../config.ts'
import { errorText } from '../error-text.ts'
import { BunnyEvent } from '../log-events.ts'
import { openDatabase } from '../solve/open-database.ts'
import { startDeadline } from '../solve/run-query.ts'
import { solveTask } from '../solve/solve-task.ts'
import { enabledTables, sourceConfig } from '../source-config.ts'
import { openSource } from '../sources/engines.ts'
import { VERSION } from '../version.ts'
import { readBatch, type BatchLine } from './batch.ts'
import { programLog } from './program-log.ts'
import { openOutput } from './result-output.ts'

export interface RunOptions {
  readonly body?: string
  readonly bodyJson?: string
  readonly batch?: string
  /** Absent: the policy of the site. */
  readonly modifiers?: string
  readonly encode: boolean
  readonly output?: string
}

/**
 * Solves one task or a batch on one connection. Reads the options before it opens the database. Throws `ProgramError`,
 * with exit code 1 if an input is invalid or a result is an error.
 */
export async function runTasks(options: RunOptions, io: CliIo): Promise<void> {
  const modifiers =
    options.modifiers === undefined ? undefined : parseJson(options.modifiers, '--modifiers')
  const given = modifiers === undefined ? undefined : readPolicy(modifiers)
  const single = options.batch === undefined ? await readTask(options, io) : undefined
  const config = loadRunConfig(io.env)
  const policy = given ?? { threshold: config.threshold, nearest: config.nearest }
  const log = programLog(runConfig, config, io)
  const target = sourceConfig(config, 1)
  await using source = await openDatabase({
    open: () => openSource(target),
    driver: target.driver,
    waitMs: 0,
    clock: systemClock,
    log,
  })
  await using output = await openOutput(options.output, io.stdout)
  const never = new AbortController().signal

  /** Returns the reason if the result is an error. */
  const solve = async (task: unknown, policy: DisclosurePolicy) => {
    const limitMs = isDistribution(task)
      ? config.distributionTimeoutMs
      : config.availabilityTimeoutMs
    const { result, failure } = await solveTask(task, {
      source,
      policy,
      omop: enabledTables(config),
      ages: config.ages,
      statistics: config.statistics,
      collectionId: config.collectionId,
      version: VERSION,
      encode: options.encode,
      deadline: startDeadline(limitMs),
      stop: never,
      clock: systemClock,
      log,
    })
    await output.write(`${serializeResult(result)}\n`)
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
      await output.write(`${serializeResult(errorFor(readable.task, readable.problem))}\n`)
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
function errorFor(task: unknown, reason: string): TaskResult {
  let address = { uuid: '', collection: '' }
  try {
    address = parseTaskEnvelope(task)
  } catch {
    // The task has no uuid or collection, so its result has none either. Its position identifies it.
  }
  return errorResult(address, reason)
}

async function readTask(options: RunOptions, io: CliIo): Promise<{ task: unknown }> {
  const { body, bodyJson } = options
  if (bodyJson !== undefined) return { task: parseJson(bodyJson, '--body-json') }
  if (body === undefined || body === '-') {
    return { task: parseJson(await readText(io.stdin), 'standard input') }
  }
  let text: string
  try {
    text = await readFile(body, 'utf8')
  } catch (error: unknown) {
    throw new ProgramError(`cannot read ${body}: ${fileErrorReason(error, 'read')}`, {
      cause: error,
    })
  }
  return { task: parseJson(text, body) }
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error: unknown) {
    throw new ProgramError(`Invalid JSON input: ${where}: ${errorText(error)}`, {
      cause: error,
    })
  }
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

const isDistribution = (task: unknown): boolean =>
  typeof task === 'object' && task !== null && 'analysis' in task
