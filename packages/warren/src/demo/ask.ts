import { sleep } from '@warren/runtime'
import { decodeAlternatives, decodeDistribution, fileText, type TaskResult } from '@warren/task-api'

import type { Journey, QuestionProgress } from './journey.ts'
import type { DemoNetwork } from './network.ts'
import type { HospitalOutcome, QuestionOutcome } from './outcome.ts'
import { fileOf, type Question } from './questions.ts'
import { truthAt, type Truth } from './truth.ts'

/** Nobody waits longer for one question of the demo. */
const PATIENCE_MS = 60_000
/** How much later than the answer the relay's line about it may come. */
const LAST_LINE_MS = 2_000
const number = new Intl.NumberFormat('en-GB')

/** Asks one question and waits until its answer is back at the upstream. */
export async function ask(
  network: DemoNetwork,
  question: Question,
  journey: Journey,
  signal: AbortSignal,
): Promise<QuestionOutcome> {
  const started = performance.now()
  const uuid = await network.upstream.ask({
    ...question.task,
    collection: network.upstreamCollection,
  })
  journey.follow(uuid)
  const settled = await network.upstream.answer(uuid, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
  })
  const ms = Math.round(performance.now() - started)
  await Promise.race([journey.submitted, sleep(LAST_LINE_MS, signal)])
  const truths = await truthOf(network, question)
  const { result } = settled
  return {
    name: question.name,
    task: question.task,
    hospitals: hospitalsOf(journey.progress, truths, question),
    trueCount: trueCount([...truths.values()], question),
    published: {
      status: settled.state === 'answered' ? 'ok' : 'error',
      count: result?.queryResult.count ?? 0,
      message: settled.message,
    },
    ms,
    excerpt: result === null ? [] : excerptOf(result, question),
  }
}

async function truthOf(
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

function hospitalsOf(
  { answers }: QuestionProgress,
  truths: ReadonlyMap<string, Truth>,
  question: Question,
): HospitalOutcome[] {
  return [...truths].map(([node, truth]) => {
    const answer = answers.find((candidate) => candidate.node === node)
    const { reason } = answer ?? {}
    return {
      node,
      status: answer?.status ?? 'missing',
      count: answer?.count ?? 0,
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

/** Persons are different people at each hospital; rows are the concepts that any of them uses. */
function trueCount(truths: readonly Truth[], question: Question): number {
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
