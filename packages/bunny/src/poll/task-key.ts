import { createHash } from 'node:crypto'

/** Members of a task that do not change its answer. Each other member, known or not, is part of the question. */
const ADDRESS = new Set(['uuid', 'collection', 'owner', 'project', 'task_id', 'char_salt'])

/**
 * Identifies a task by its uuid, its collection and what it asks, so that a uuid that is used for another question gets
 * another answer. The order of members does not matter. `body` must not be nested too deeply, which `parseTaskEnvelope`
 * checks.
 */
export function taskKey(uuid: string, collection: string, body: unknown): string {
  const question =
    typeof body === 'object' && body !== null
      ? Object.fromEntries(Object.entries(body).filter(([name]) => !ADDRESS.has(name)))
      : body
  const text = JSON.stringify([uuid, collection, question], sortMembers)
  return createHash('sha256').update(text).digest('hex')
}

function sortMembers(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  // This keeps a member `__proto__` too.
  return Object.fromEntries(sorted)
}
