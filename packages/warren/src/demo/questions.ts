import { CODE_DISTRIBUTION, DEMOGRAPHICS_DISTRIBUTION, type JsonObject } from '@warren/task-api'

export interface Question {
  readonly name: string
  /** The question in a researcher's words. */
  readonly words: string
  readonly task: JsonObject
}

interface Rule {
  readonly varcat: string
  readonly value: string
  readonly varname?: string
  readonly type?: string
  readonly oper?: string
  readonly time?: string
}

function rule(parts: Rule): JsonObject {
  return { varname: 'OMOP', type: 'TEXT', oper: '=', ...parts }
}

function all(...rules: readonly JsonObject[]): JsonObject {
  return { rules_oper: 'AND', rules }
}

function any(...rules: readonly JsonObject[]): JsonObject {
  return { rules_oper: 'OR', rules }
}

function availability(...groups: readonly JsonObject[]): JsonObject {
  return { cohort: { groups_oper: 'AND', groups } }
}

const HYPERTENSION = '320128'
const TYPE_2_DIABETES = '201826'
const HBA1C = '3004410'

/** In the order in which the demo asks them. The synthetic patients have these codes. */
export const QUESTIONS: readonly Question[] = [
  {
    name: 'common cohort',
    words: 'How many people have essential hypertension?',
    task: availability(all(rule({ varcat: 'Condition', value: HYPERTENSION }))),
  },
  {
    name: 'rare cohort',
    words: 'How many people have multiple sclerosis? Hospitals suppress small counts.',
    task: availability(all(rule({ varcat: 'Condition', value: '374919' }))),
  },
  {
    name: 'nested cohort',
    words:
      'How many women have hypertension from the age of 40 or an HbA1c of 6 to 9%, but no type 2 diabetes?',
    task: availability(
      all(
        rule({ varcat: 'Person', value: '8532' }),
        any(
          all(rule({ varcat: 'Condition', value: HYPERTENSION, time: '40|:AGE:Y' })),
          all(
            rule({
              varcat: 'Measurement',
              varname: `OMOP=${HBA1C}`,
              type: 'NUM',
              value: '6.0|9.0',
            }),
          ),
        ),
        rule({ varcat: 'Condition', value: TYPE_2_DIABETES, oper: '!=' }),
      ),
    ),
  },
  {
    name: 'away from a place',
    words:
      'How many people live more than 200 km from Nottingham? One hospital has no coordinates.',
    task: availability(
      all(
        rule({
          varcat: 'Location',
          type: 'GEO_RADIUS',
          value: '52.9548|-1.1581|200000',
          oper: '!=',
        }),
      ),
    ),
  },
  {
    name: 'demographics',
    words: 'How many women and men are there?',
    task: { analysis: 'DISTRIBUTION', code: 'DEMOGRAPHICS' },
  },
  {
    name: 'code distribution',
    words: 'Which codes are recorded, and how many people have each?',
    task: { analysis: 'DISTRIBUTION', code: 'GENERIC' },
  },
]

/** The result file that answers a distribution; undefined for an availability question. */
export function fileOf(question: Question): string | undefined {
  switch (question.task['code']) {
    case 'GENERIC':
      return CODE_DISTRIBUTION
    case 'DEMOGRAPHICS':
      return DEMOGRAPHICS_DISTRIBUTION
    default:
      return undefined
  }
}
