import {
  CODE_DISTRIBUTION,
  DEMOGRAPHICS_DISTRIBUTION,
  distributionFileName,
  errorResult,
  parseTaskEnvelope,
  serializeResult,
  TaskFormatError,
  type DistributionFileName,
  type FormatProblem,
  type TaskEnvelope,
} from '@warren/task-api'

import type { NewTask } from '../store/task-store.ts'
import type { TaskKind, TaskType } from '../vocabulary/task-kind.ts'

export type ReadTask =
  | { readonly task: NewTask }
  /** It has no uuid, so no result can be submitted for it. */
  | { readonly task: null; readonly problems: readonly FormatProblem[] }

// Error messages quote the name of an unsupported analysis up to this length.
const MAX_QUOTED_LENGTH = 40

/**
 * Parses the parts of a task that a relay needs. A task that no node can answer gets an immediate result: an error that
 * states the reason, so that the upstream need not wait for its timeout.
 */
export function readNewTask(
  upstream: string,
  json: unknown,
  ageMs: number,
  deadlineMs: Readonly<Record<TaskKind, number>>,
): ReadTask {
  try {
    const envelope = parseTaskEnvelope(json)
    const { kind, uuid, collection } = envelope
    const type = typeOf(envelope)
    const task: NewTask = {
      upstream,
      uuid,
      kind,
      type,
      collection,
      body: JSON.stringify(envelope.raw),
      ageMs,
      deadlineMs: deadlineMs[kind],
      resultWithoutNodes: failure(envelope, 'no node to ask'),
    }
    if (type !== 'none') return { task }
    return { task: { ...task, immediateResult: failure(envelope, unsupported(envelope)) } }
  } catch (error: unknown) {
    if (!(error instanceof TaskFormatError)) throw error
    const { uuid, collection = '', problems } = error
    if (uuid === undefined) return { task: null, problems }
    const result = failure({ uuid, collection }, error.message)
    return {
      task: {
        upstream,
        uuid,
        kind: 'availability',
        type: 'none',
        collection,
        // An unreadable body is not stored, because it may be of any size and depth.
        body: '{}',
        ageMs,
        deadlineMs: 0,
        immediateResult: result,
        resultWithoutNodes: result,
      },
    }
  }
}

const TYPE_OF_FILE: Readonly<Record<DistributionFileName, TaskType>> = {
  [CODE_DISTRIBUTION]: 'generic',
  [DEMOGRAPHICS_DISTRIBUTION]: 'demographics',
}

function typeOf({ kind, analysis, code }: TaskEnvelope): TaskType {
  if (kind === 'availability') return 'availability'
  const file = distributionFileName(analysis, code)
  return file === null ? 'none' : TYPE_OF_FILE[file]
}

function unsupported({ analysis, code }: TaskEnvelope): string {
  const name = [analysis, code].filter((part) => part !== '').join(' ')
  return `analysis ${name.slice(0, MAX_QUOTED_LENGTH)} is not supported`
}

function failure(task: { uuid: string; collection: string }, message: string): string {
  return serializeResult(errorResult(task, message))
}
