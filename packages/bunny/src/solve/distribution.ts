import type { DistributionTask, TaskResult } from '@warren/task-api'
import { codeDistribution, discloseConcepts, disclosedConceptsSchema } from './code-distribution.ts'
import {
  demographicsDistribution,
  discloseGenders,
  disclosedGendersSchema,
} from './demographics.ts'
import type { SolveContext } from './solve-context.ts'
import { Unanswerable } from './unanswerable.ts'

/** Solves a distribution of the kind that the task names. */
export async function solveDistribution(
  task: DistributionTask,
  context: SolveContext,
): Promise<TaskResult> {
  const { cache } = context
  if (task.analysis !== 'DISTRIBUTION') {
    throw new Unanswerable(
      'unsupported',
      `${shorten(task.analysis)} analyses are not yet supported.`,
    )
  }
  switch (task.code) {
    case 'GENERIC': {
      const compute = () => discloseConcepts(context)
      const concepts = await (cache?.rows('GENERIC', disclosedConceptsSchema, compute) ?? compute())
      return codeDistribution(task, concepts, context)
    }
    case 'DEMOGRAPHICS': {
      const compute = () => discloseGenders(context)
      const genders = await (cache?.rows('DEMOGRAPHICS', disclosedGendersSchema, compute) ??
        compute())
      return demographicsDistribution(task, genders, context)
    }
    case 'ICD-MAIN':
      throw new Unanswerable('unsupported', 'ICD-MAIN queries are not yet supported.')
    default:
      throw new Unanswerable(
        'unsupported',
        `'${shorten(task.code)}' is not a valid distribution query type: use GENERIC or DEMOGRAPHICS.`,
      )
  }
}

/** Text from the task, shortened for the message. */
const shorten = (word: string): string => (word.length <= 40 ? word : `${word.slice(0, 39)}…`)
