import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import type { JsonObject } from './json/json-object.ts'
import { kindOf } from './task-message.ts'
import { wireText } from './wire-value.ts'

/** What differs between the tasks that the nodes receive for one question. */
interface TaskTarget {
  readonly uuid: string
  readonly collection: string
  readonly owner: string
}

// No text from outside can contain it.
const PLACEHOLDER = randomUUID()
const PLACEHOLDERS = new RegExp(`"${PLACEHOLDER}:(uuid|collection|owner)"`)

/**
 * A task as JSON text for a thousand nodes, which is serialised once. The Python bunny rejects an availability task without
 * `protocol_version` and `char_salt`, so these are added if absent.
 */
export class TaskTemplate {
  /** Text and, between two texts, the name of the member that is inserted. */
  readonly #parts: readonly string[]

  constructor(raw: JsonObject) {
    const readdressed = {
      ...raw,
      uuid: `${PLACEHOLDER}:uuid`,
      collection: `${PLACEHOLDER}:collection`,
      owner: `${PLACEHOLDER}:owner`,
    }
    const task = kindOf(raw) === 'distribution' ? readdressed : withRequiredTexts(readdressed)
    this.#parts = JSON.stringify(task).split(PLACEHOLDERS)
  }

  /** The task with this uuid, collection and owner, and every other member as it was received. */
  addressedTo(target: TaskTarget): string {
    let text = ''
    this.#parts.forEach((part, index) => {
      text += index % 2 === 0 ? part : JSON.stringify(valueOf(target, part))
    })
    return text
  }
}

function valueOf({ uuid, collection, owner }: TaskTarget, member: string): string {
  if (member === 'uuid') return uuid
  return member === 'owner' ? owner : collection
}

function withRequiredTexts(raw: JsonObject): JsonObject {
  return {
    ...raw,
    protocol_version: presentText(wireText('v2'), raw['protocol_version'], 'v2'),
    char_salt: presentText(wireText(''), raw['char_salt'], ''),
  }
}

function presentText(schema: z.ZodType<string>, value: unknown, fallback: string): string {
  const parsed = schema.safeParse(value)
  return parsed.success ? parsed.data : fallback
}
