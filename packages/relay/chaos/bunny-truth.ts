import { createLogger } from '@warren/runtime'
import { solveTask, startDeadline, systemClock, type SolveContext } from '@warren/bunny'
import { DuckDbSource } from '@warren/bunny/sources'
import { generateOmop } from '@warren/omop'

import type { QuestionKind } from './plan.ts'
import { figuresOf, type Truth } from './truth.ts'
import { chaosTask, CONCEPTS } from './chaos-task.ts'

export interface BunnyTruth {
  (kind: QuestionKind, number: number): Truth
}

const PERSONS = 2_000

/** Writes the database of a bunny, and asks it every question that a run asks while nothing fails. */
export async function prepareBunny(file: string, seed: number): Promise<BunnyTruth> {
  await generateOmop({ persons: PERSONS, seed, to: `duckdb:${file}` })
  await using source = await DuckDbSource.open({ path: file })
  const context: SolveContext = {
    source,
    deadline: startDeadline(60_000),
    stop: new AbortController().signal,
    clock: systemClock,
    log: createLogger({ component: 'bunny', level: 'fatal', format: 'json' }),
    policy: { threshold: 0, nearest: 0 },
    omop: { specimen: false, location: false },
    collectionId: undefined,
    version: 'chaos',
    encode: true,
  }
  const truths = new Map<string, Truth>()
  for (const kind of ['availability', 'generic', 'demographics'] as const) {
    // A distribution does not depend on a concept.
    const concepts = kind === 'availability' ? CONCEPTS.length : 1
    for (let number = 0; number < concepts; number += 1) {
      const task = chaosTask({ uuid: '3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a11', kind, number })
      const { result } = await solveTask({ ...task, collection: 'chaos', owner: 'chaos' }, context)
      const truth = figuresOf(kind, result)
      if (truth === 'unreadable') throw new Error('the bunny gave an unreadable result')
      truths.set(keyOf(kind, number), truth)
    }
  }
  return (kind, number) => truths.get(keyOf(kind, number)) ?? null
}

function keyOf(kind: QuestionKind, number: number): string {
  return kind === 'availability' ? `${kind} ${number % CONCEPTS.length}` : kind
}
