import { z } from 'zod'
import { type CohortMessage, readCohort } from './cohort-message.ts'
import { ProblemList, TaskFormatError } from './format-error.ts'
import { type JsonObject, isJsonObject, nestsDeeperThan } from './json-object.ts'
import { jsonPath, typeName, wireText } from './wire-value.ts'

// Ids end up in URL paths, index keys and broker queue names; 255 is what the narrowest of them takes.
const MAX_ID_LENGTH = 255

// A cohort of 32 levels needs 70. Beyond this, passing the task on would overflow somebody's stack.
const MAX_JSON_DEPTH = 200

/** "How many people are like this?" */
export interface AvailabilityTask {
  readonly kind: 'availability'
  readonly uuid: string
  readonly collection: string
  readonly owner: string
  readonly cohort: CohortMessage
  readonly raw: JsonObject
}

/** "What is there in this collection?" */
export interface DistributionTask {
  readonly kind: 'distribution'
  readonly uuid: string
  readonly collection: string
  readonly owner: string
  /** `DISTRIBUTION`, `PHEWAS`, ... */
  readonly analysis: string
  /** `GENERIC`, `DEMOGRAPHICS`, `ICD-MAIN`, or "". */
  readonly code: string
  readonly raw: JsonObject
}

export type Task = AvailabilityTask | DistributionTask

/** What somebody who only passes tasks on needs to know. `analysis` and `code` are "" for availability. */
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
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
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

/**
 * Reads what a relay needs and never looks at what is asked.
 * @throws TaskFormatError if it is no JSON object, has no usable `uuid`, or nests absurdly deep.
 */
export function parseTaskEnvelope(json: unknown): TaskEnvelope {
  const problems = new ProblemList()
  const envelope = readEnvelope(json, problems)
  if (!problems.isEmpty) throw taskFormatError(problems, envelope)
  return envelope
}

/**
 * Reads a whole task.
 * @throws TaskFormatError with every problem at once, each with its JSON path.
 */
export function parseTask(json: unknown): Task {
  const problems = new ProblemList()
  const { kind, analysis, code, ...address } = readEnvelope(json, problems)
  const task: Task =
    kind === 'distribution'
      ? { kind, ...address, analysis, code }
      : { kind, ...address, cohort: cohortOf(json, problems) }
  if (!problems.isEmpty) throw taskFormatError(problems, task)
  return task
}

/**
 * The same task under another address, everything else untouched. Today's clients refuse an
 * availability task without `protocol_version` and `char_salt`, so these are filled in if absent.
 */
export function readdressTask(
  raw: JsonObject,
  to: { uuid: string; collection: string; owner: string },
): JsonObject {
  const { uuid, collection, owner } = to
  const readdressed = { ...raw, uuid, collection, owner }
  if (kindOf(raw) === 'distribution') return readdressed
  return {
    ...readdressed,
    protocol_version: presentText(raw['protocol_version'], 'v2'),
    char_salt: presentText(raw['char_salt'], ''),
  }
}

function presentText(value: unknown, fallback: string): string {
  const parsed = wireText(fallback).safeParse(value)
  return parsed.success ? parsed.data : fallback
}

// Serialisers that write absent members as null must not turn a cohort into an analysis.
function kindOf(raw: JsonObject): Task['kind'] {
  return raw['analysis'] === undefined || raw['analysis'] === null ? 'availability' : 'distribution'
}

function cohortOf(json: unknown, problems: ProblemList): CohortMessage {
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
  problems: ProblemList,
  { uuid, collection }: { uuid: string; collection: string },
): TaskFormatError {
  return new TaskFormatError(problems.toArray(), {
    ...(uuid === '' ? {} : { uuid }),
    ...(collection === '' ? {} : { collection }),
  })
}
