import { z } from 'zod'
import { type CohortMessage, readCohort } from './cohort-message.ts'
import { type FormatProblem, ProblemList, TaskProblems } from './format-error.ts'
import { type JsonObject, isJsonObject, nestsDeeperThan } from './json/json-object.ts'
import type { Task } from './task.ts'
import { TaskFormatError } from './task-format-error.ts'
import { rejectUnknownMembers } from './unknown-members.ts'
import { jsonPath, typeName, wireText } from './wire-value.ts'

// IDs become parts of URL paths, index keys and broker queue names. The smallest of their limits is 255.
const MAX_ID_LENGTH = 255

// A cohort of 32 levels needs 70. A much deeper task could overflow the stack of its receiver.
const MAX_JSON_DEPTH = 200

/** The part of a task that a relay needs to hand it out. `analysis` and `code` are "" for availability. */
export interface TaskEnvelope {
  readonly kind: Task['kind']
  readonly uuid: string
  readonly collection: string
  readonly owner: string
  readonly analysis: string
  readonly code: string
  readonly raw: JsonObject
}

function identifier(required: boolean): z.ZodType<string> {
  return wireText('').superRefine((text, context) => {
    if (required && text.trim() === '') context.addIssue('is missing')
    if (text.length > MAX_ID_LENGTH) {
      context.addIssue(`is longer than ${MAX_ID_LENGTH} characters`)
    }
    // eslint-disable-next-line no-control-regex -- detects control characters
    if (/[\u0000-\u001f\u007f]/.test(text)) context.addIssue('contains control characters')
  })
}

const envelopeSchema = z.object({
  uuid: identifier(true),
  collection: identifier(false),
  owner: wireText(''),
  analysis: wireText(''),
  code: wireText(''),
})

/** Members of a task besides those that are read: the envelope, which says who asks and when, not what is asked. */
const TASK_MEMBERS = new Set([
  ...Object.keys(envelopeSchema.shape),
  'cohort',
  'task_id',
  'task_type',
  'project',
  'protocol_version',
  'char_salt',
  'status',
  'priority',
  'created_at',
  'updated_at',
  'expires_at',
  'submitted_at',
  'deadline',
])

/**
 * Reads the part of a task that a relay needs, and ignores the cohort.
 * @throws TaskFormatError if `json` is not an object, has no valid `uuid`, or is nested too deeply.
 */
export function parseTaskEnvelope(json: unknown): TaskEnvelope {
  const problems = new ProblemList()
  const envelope = readEnvelope(json, problems)
  if (!problems.isEmpty) throw taskFormatError(problems.toArray(), envelope)
  return envelope
}

/**
 * Reads a whole task.
 * @throws TaskFormatError with every problem at once, each with its JSON path.
 */
export function parseTask(json: unknown): Task {
  const problems = new TaskProblems()
  const { kind, analysis, code, ...address } = readEnvelope(json, problems)
  const task: Task =
    kind === 'distribution'
      ? { kind, ...address, analysis, code }
      : { kind, ...address, cohort: readCohortMember(json, problems) }
  rejectUnknownMembers(task.raw, TASK_MEMBERS, '', problems)
  if (problems.isEmpty && problems.unknownMembers.isEmpty) return task
  const all = [...problems.toArray(), ...problems.unknownMembers.toArray()]
  const error = taskFormatError(all, task)
  if (problems.isEmpty) error.understood = task
  throw error
}

// Some serialisers write absent members as null. A null `analysis` is not a distribution.
export function kindOf(raw: JsonObject): Task['kind'] {
  return raw['analysis'] === undefined || raw['analysis'] === null ? 'availability' : 'distribution'
}

function readCohortMember(json: unknown, problems: TaskProblems): CohortMessage {
  const nothing: CohortMessage = { groups_oper: '', groups: [] }
  return isJsonObject(json) ? readCohort(json['cohort'], 'cohort', problems) : nothing
}

function readEnvelope(json: unknown, problems: ProblemList): TaskEnvelope {
  const raw = isJsonObject(json) ? json : {}
  if (raw !== json) {
    problems.add('', `expected a JSON object, got ${typeName(json)}`)
    return {
      kind: 'availability',
      uuid: '',
      collection: '',
      owner: '',
      analysis: '',
      code: '',
      raw,
    }
  }
  if (nestsDeeperThan(raw, MAX_JSON_DEPTH)) {
    problems.add('', `nested more than ${MAX_JSON_DEPTH} levels deep`)
  }
  const kind = kindOf(raw)
  const parsed = envelopeSchema.safeParse(raw)
  if (parsed.success) return { kind, ...parsed.data, raw }
  for (const issue of parsed.error.issues) problems.add(jsonPath('', issue.path), issue.message)
  return {
    kind,
    uuid: usableId(raw['uuid']),
    collection: usableId(raw['collection']),
    owner: '',
    analysis: '',
    code: '',
    raw,
  }
}

function usableId(value: unknown): string {
  const parsed = identifier(true).safeParse(value)
  return parsed.success ? parsed.data : ''
}

function taskFormatError(
  problems: readonly FormatProblem[],
  { uuid, collection }: { uuid: string; collection: string },
): TaskFormatError {
  return new TaskFormatError(problems, {
    ...(uuid === '' ? {} : { uuid }),
    ...(collection === '' ? {} : { collection }),
  })
}
