import { createHash } from 'node:crypto'
import {
  conceptsIn,
  criteriaIn,
  describeCohort,
  parseCohort,
  type Cohort,
  type CohortOptions,
  type CohortProblem,
  type ConceptNames,
} from '@warren/cohort'
import {
  isJsonObject,
  parseTask,
  TaskFormatError,
  type JsonObject,
  type Task,
} from '@warren/task-api'

/** Who asked, as far as a task says. */
export interface QuestionAsker {
  readonly owner: string
  readonly project?: string
  readonly requester?: string
}

/** A task as the policy and the record see it: the question, and not how it is answered. */
export interface Question {
  readonly taskId: string
  readonly collection: string
  readonly asker: QuestionAsker
  readonly kind: 'availability' | 'distribution' | 'unknown'
  /** `AVAILABILITY`, or the code of a distribution: `GENERIC`, `DEMOGRAPHICS`, … */
  readonly code: string
  /** SHA-256 of the question without uuid and asker: equal for equal questions. */
  readonly sha256: string
  /** The set of people; absent for a distribution, and for a question that is not valid. */
  readonly cohort?: Cohort
  /** Why the question cannot be answered. Each has a path in the task. */
  readonly problems: readonly CohortProblem[]
}

/** Texts of a task that are shown or stored are cut to this. */
const MAX_TEXT_LENGTH = 200

/** Reads the body of a poll. Never throws: a question that is not valid has problems. */
export function readQuestion(body: unknown, options: CohortOptions): Question {
  const raw = isJsonObject(body) ? body : {}
  try {
    return fromTask(parseTask(body), options)
  } catch (error: unknown) {
    if (!(error instanceof TaskFormatError)) throw error
    return {
      taskId: error.uuid ?? '',
      collection: error.collection ?? '',
      asker: askerOf(raw),
      kind: 'unknown',
      code: 'UNKNOWN',
      sha256: digest(body),
      problems: error.problems,
    }
  }
}

function fromTask(task: Task, options: CohortOptions): Question {
  const common = {
    taskId: task.uuid,
    collection: task.collection,
    asker: askerOf(task.raw),
    kind: task.kind,
  }
  if (task.kind === 'distribution') {
    const { analysis, code } = task
    return {
      ...common,
      code: shown(analysis === 'DISTRIBUTION' ? code : analysis) || 'UNKNOWN',
      sha256: digest({ analysis, code }),
      problems: [],
    }
  }
  const parsed = parseCohort(task.cohort, options)
  return {
    ...common,
    code: 'AVAILABILITY',
    sha256: digest(task.cohort),
    ...(parsed.ok ? { cohort: parsed.cohort } : {}),
    problems: parsed.ok ? [] : parsed.problems,
  }
}

/** The question in plain words, on one line. */
export function questionWords(question: Question, names: ConceptNames = new Map()): string {
  const { kind, code, cohort } = question
  if (cohort !== undefined) return `How many: ${describeCohort(cohort, { names })}`
  if (kind === 'availability') return 'How many people (the question is not valid)'
  switch (code) {
    case 'GENERIC':
      return 'How many people have each concept'
    case 'DEMOGRAPHICS':
      return 'How many people of each sex and age'
    case 'ICD-MAIN':
      return 'How many people have each ICD-10 code'
    case 'UNKNOWN':
      return 'A task that is not valid'
    default:
      return `A distribution with the code ${JSON.stringify(code)}`
  }
}

/** The concepts that a question asks for. */
export const searchedConcepts = ({ cohort }: Question): readonly number[] =>
  cohort === undefined ? [] : conceptsIn(cohort).searched

/** The concepts in the plain words of a question. */
export function namedConcepts({ cohort }: Question): readonly number[] {
  if (cohort === undefined) return []
  const { searched, recordTypes } = conceptsIn(cohort)
  return [...searched, ...recordTypes]
}

/** One hash per criterion, with its sign, to compare questions with each other. */
export function criterionHashes({ cohort }: Question): readonly string[] {
  if (cohort === undefined) return []
  return criteriaIn(cohort).map((criterion) => digest(criterion).slice(0, 16))
}

function askerOf(raw: JsonObject): QuestionAsker {
  const text = (name: string): string => {
    const value = raw[name]
    return typeof value === 'string' || typeof value === 'number' ? shown(String(value)) : ''
  }
  const project = text('project')
  const requester = text('requester')
  return {
    owner: text('owner'),
    ...(project === '' ? {} : { project }),
    ...(requester === '' ? {} : { requester }),
  }
}

/** Text from outside: on one line, and not too long. */
function shown(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  return line.length > MAX_TEXT_LENGTH ? `${line.slice(0, MAX_TEXT_LENGTH - 1)}…` : line
}

/** SHA-256 of the JSON text with members in alphabetical order. */
function digest(value: unknown): string {
  let text: string
  try {
    text = JSON.stringify(value, (_key, member: unknown) =>
      isJsonObject(member)
        ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : member,
    )
  } catch {
    // Nested deeper than the stack. No valid task is.
    text = 'too deep'
  }
  return createHash('sha256')
    .update(text ?? '')
    .digest('hex')
}
