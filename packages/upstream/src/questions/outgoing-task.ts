import type { JsonObject } from '@warren/task-api'
import type { Behaviour } from '../config.ts'
import type { Question } from './question.ts'

/**
 * The task as the client receives it: the question, and the members that servers of this kind add. Neither `owner` nor
 * `char_salt` identifies a person. Every hand-out has a new salt.
 */
export function outgoingTask(question: Question, behaviour: Behaviour, salt: string): JsonObject {
  const { uuid, kind, task } = question
  const added =
    behaviour === 'current'
      ? {
          task_id: question.taskId,
          owner: '1',
          ...(kind === 'availability' ? { project: 'unknown_project' } : {}),
        }
      : { task_id: olderTaskId(question), owner: 'user1', project: 'warren' }
  return {
    ...added,
    protocol_version: 'v2',
    ...task,
    uuid,
    collection: question.collectionId,
    ...(kind === 'availability' ? { char_salt: salt } : {}),
  }
}

function olderTaskId({ askedAt, uuid }: Question): string {
  return `job-${new Date(askedAt).toISOString().slice(0, 19).replace('T', '-')}-RQ-${uuid}`
}
