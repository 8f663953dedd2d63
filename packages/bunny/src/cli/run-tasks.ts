import { readFile } from 'node:fs/promises'
import { text as readText } from 'node:stream/consumers'
import { ModifierError, policyFromModifiers, type DisclosurePolicy } from '@warren/disclosure'
import { ExitCode, ProgramError, type CliIo } from '@warren/runtime'
import { errorResult, parseTaskEnvelope, serializeResult, type TaskResult } from '@warren/task-api'
import { systemClock } from '../clock.ts'
import { loadRunConfig, runConfig } from '../config.ts'
import { errorText } from '../error-text.ts'
import { BunnyEvent } from '../log-events.ts'
import { openDatabase } from '../solve/open-database.ts'
import { startDeadline } from '../solve/run-query.ts'
import { solveTask } from '../solve/solve-task.ts'
import { sourceConfig } from '../source-config.ts'
import { openSource } from '../sources/open-source.ts'
import { VERSION } from '../version.ts'
import { readBatch, type BatchLine } from './batch.ts'
import { programLog } from './program-log.ts'
import { openOutput } from './result-output.ts'

export interface RunOptions {
  readonly body?: string
  readonly bodyJson?: string
  readonly batch?: string
  readonly modifiers: string
  readonly encode: boolean
  readonly output?: string
}

/**
 * Answers one question, or a batch, on one connection. Everything given on the command line is read before the
 * database is opened. Throws `ProgramError`: exit code 1 when an input is bad or a result is an error.
 */
export async function runTasks(options: RunOptions, io: CliIo): Promise<void> {
  const modifiers = parseJson(options.modifiers, '--modifiers')
  const policy = readPolicy(modifiers)
  const single = options.batch === undefined ? await readTask(options, io) : undefined
  const config = loadRunConfig(io.env)
  const log = programLog(runConfig, config, io)
  await using source = await openDatabase({
    open: () => openSource(sourceConfig(config, 1)),
    waitMs: 0,
    clock: systemClock,
    log,
  })
  await using output = await openOutput(options.output, io.stdout)
  const never = new AbortController().signal

  /** Returns why there is no answer, if there is none. */
  const answer = async (query: unknown, policy: DisclosurePolicy) => {
    const limitMs = isDistribution(query)
      ? config.distributionTimeoutMs
      : config.availabilityTimeoutMs
    const { result, failure } = await solveTask(query, {
      source,
      policy,
      omop: { specimen: config.specimenEnabled, location: config.locationEnabled },
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
    const reason = await answer(single.query, policy)
    await output.close()
    if (options.output !== undefined) log.info({ path: options.output }, BunnyEvent.resultSaved)
    if (reason !== undefined) throw new ProgramError(`the question was not answered: ${reason}`)
    return
  }

  let lines = 0
  let failed = 0
  for await (const line of readBatch(options.batch ?? '-', io.stdin)) {
    lines += 1
    const readable = readLine(line, policy)
    const reason =
      'policy' in readable ? await answer(readable.query, readable.policy) : readable.problem
    if ('problem' in readable) {
      await output.write(`${serializeResult(rejection(readable.query, readable.problem))}\n`)
    }
    if (reason === undefined) continue
    failed += 1
    io.stderr.write(`line ${String(line.number)}: ${reason}\n`)
  }
  await output.close()
  if (failed > 0) {
    throw new ProgramError(`${String(failed)} of ${String(lines)} questions were not answered`)
  }
}

type ReadableLine =
  | { readonly query: unknown; readonly policy: DisclosurePolicy }
  | { readonly query: unknown; readonly problem: string }

function readLine(line: BatchLine, defaultPolicy: DisclosurePolicy): ReadableLine {
  if ('problem' in line) return { query: undefined, problem: line.problem }
  const { query, modifiers } = line
  if (modifiers === undefined) return { query, policy: defaultPolicy }
  try {
    return { query, policy: policyFromModifiers(modifiers) }
  } catch (error: unknown) {
    if (error instanceof ModifierError) return { query, problem: error.message }
    throw error
  }
}

/** Whatever is wrong with a line, a result comes out in its place. */
function rejection(query: unknown, reason: string): TaskResult {
  let address = { uuid: '', collection: '' }
  try {
    address = parseTaskEnvelope(query)
  } catch {
    // The line has no usable address: the result has none either, and is known by its place.
  }
  return errorResult(address, reason)
}

async function readTask(options: RunOptions, io: CliIo): Promise<{ query: unknown }> {
  const { body, bodyJson } = options
  if (bodyJson !== undefined) return { query: parseJson(bodyJson, '--body-json') }
  if (body === undefined || body === '-') {
    return { query: parseJson(await readText(io.stdin), 'standard input') }
  }
  let text: string
  try {
    text = await readFile(body, 'utf8')
  } catch (error: unknown) {
    throw new ProgramError(`cannot read ${body}: ${errorText(error)}`, { cause: error })
  }
  return { query: parseJson(text, body) }
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
      hint: 'for example [{"id":"Rounding","nearest":10}]',
      cause: error,
    })
  }
}

const isDistribution = (query: unknown): boolean =>
  typeof query === 'object' && query !== null && 'analysis' in query
