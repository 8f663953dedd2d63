import { ExitCode, ProgramError, sleep } from '@warren/runtime'
import { decodeAlternatives, decodeDistribution, fileText, type TaskResult } from '@warren/task-api'

import type { DemoNetwork } from './network.ts'
import type { HospitalOutcome, QuestionOutcome } from './outcome.ts'
import type { QuestionProgress, QuestionProgressTracker } from './question-progress.ts'
import { fileOf, type Question } from './questions.ts'
import { truthAt, type Truth } from './truth.ts'

const TIMEOUT_MS = 60_000
/** How long after the result the relay may log that it was submitted. */
const MAX_LOG_DELAY_MS = 2_000
const number = new Intl.NumberFormat('en-GB')

export interface AskOptions {
  readonly tracker: QuestionProgressTracker
  /** For the hint of a failure. */
  readonly logFolder: string
  readonly signal: AbortSignal
}

/** Asks one question and waits until its result is at the upstream. */
export async function ask(
  network: DemoNetwork,
  question: Question,
  { tracker, logFolder, signal }: AskOptions,
): Promise<QuestionOutcome> {
  const started = performance.now()
  const uuid = await network.upstream.ask({
    ...question.task,
    collection: network.upstreamCollection,
  })
  tracker.follow(uuid)
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  const settled = await network.upstream
    .waitForResult(uuid, { signal: AbortSignal.any([signal, timeout]) })
    .catch((error: unknown) => {
      if (!timeout.aborted) throw error
      throw new ProgramError(`no result for "${question.name}" within ${TIMEOUT_MS / 1000} s`, {
        exitCode: ExitCode.unavailable,
        hint: `Read the logs in ${logFolder}.`,
        cause: error,
      })
    })
  const ms = Math.round(performance.now() - started)
  await Promise.race([tracker.submitted, sleep(MAX_LOG_DELAY_MS, signal)])
  const truths = await readTruths(network, question)
  const { result } = settled
  return {
    name: question.name,
    task: question.task,
    hospitals: hospitalOutcomes(tracker.progress, truths, question),
    trueCount: totalCount([...truths.values()], question),
    combined: {
      status: settled.state === 'answered' ? 'ok' : 'error',
      count: result?.queryResult.count ?? 0,
      message: settled.message,
    },
    ms,
    excerpt: result === null ? [] : excerptOf(result, question),
  }
}

async function readTruths(
  { databases }: DemoNetwork,
  { task }: Question,
): Promise<ReadonlyMap<string, Truth>> {
  const now = new Date()
  const truths = new Map<string, Truth>()
  for (const database of databases) {
    truths.set(database.hospital.name, await truthAt(database, task, now))
  }
  return truths
}

function hospitalOutcomes(
  { results }: QuestionProgress,
  truths: ReadonlyMap<string, Truth>,
  question: Question,
): HospitalOutcome[] {
  return [...truths].map(([node, truth]) => {
    const result = results.find((candidate) => candidate.node === node)
    const { reason } = result ?? {}
    return {
      node,
      status: result?.status ?? 'missing',
      count: result?.count ?? 0,
      trueCount: countOf(truth, question),
      ...(reason === undefined ? {} : { reason }),
    }
  })
}

/** SEX and GENOMICS. */
const DEMOGRAPHICS_ROWS = 2

function countOf({ persons, concepts }: Truth, question: Question): number | undefined {
  return question.task['code'] === 'DEMOGRAPHICS' ? DEMOGRAPHICS_ROWS : (persons ?? concepts?.size)
}

/** No person is in two hospitals, so people add up. A concept that several hospitals use is one row. */
function totalCount(truths: readonly Truth[], question: Question): number {
  if (question.task['code'] === 'DEMOGRAPHICS') return DEMOGRAPHICS_ROWS
  const concepts = new Set(truths.flatMap((truth) => [...(truth.concepts ?? [])]))
  return fileOf(question) === undefined
    ? truths.reduce((sum, { persons = 0 }) => sum + persons, 0)
    : concepts.size
}

function excerptOf(result: TaskResult, question: Question): string[] {
  const file = result.queryResult.files.find(({ file_name: name }) => name === fileOf(question))
  if (file === undefined) return []
  const { rows } = decodeDistribution(fileText(file))
  const sex = rows.find(({ code }) => code === 'SEX')
  if (sex !== undefined) {
    const parts = [...decodeAlternatives(sex.alternatives)]
    return [parts.map(([name, count]) => `${name} ${number.format(count)}`).join(', ')]
  }
  const conditions = rows.filter(({ category }) => category === 'Condition')
  return conditions
    .toSorted((a, b) => b.count - a.count)
    .slice(0, 3)
    .map((row) => `${row.omopDescription}: ${number.format(row.count)}`)
}
