import { ProgramError } from '@warren/runtime'
import { errorResult, serializeResult } from '@warren/task-api'
import type { RelayStore } from '../store/relay-store.ts'
import type { SubtaskEntry, TaskEntry } from '../store/task-directory.ts'

/** What the upstream receives for a task that an operator cancelled. */
const CANCELLED = 'cancelled by the hub'
/** More than storing a short result takes. */
const CLAIM_MS = 30_000

/**
 * Reads and changes tasks on behalf of operators. Methods reject with a ProgramError if a task is unknown or its state does
 * not allow the change, and with the store's error if the database is unavailable.
 */
export class TaskManager {
  readonly #store: Pick<RelayStore, 'tasks' | 'directory'>

  constructor(store: Pick<RelayStore, 'tasks' | 'directory'>) {
    this.#store = store
  }

  /** The task whose uuid or ID is `text`, or the only one that starts with it. */
  async find(text: string): Promise<TaskEntry> {
    const found = text === '' ? [] : await this.#store.directory.find(text, 20)
    const exact = found.filter((task) => task.uuid === text || task.taskId === text)
    const candidates = exact.length > 0 ? exact : found
    const [task] = candidates
    if (task !== undefined && candidates.length === 1) return task
    if (task === undefined) {
      throw new ProgramError(`unknown task "${text}"`, {
        hint: 'List tasks with: warren relay tasks list. Finished ones are deleted after RELAY_RESULT_RETENTION.',
      })
    }
    const names = candidates.map(({ taskId, uuid, upstream }) => `${taskId} (${uuid}, ${upstream})`)
    throw new ProgramError(`"${text}" is the beginning of several tasks`, {
      hint: `Use one of these IDs: ${names.slice(0, 5).join(', ')}`,
    })
  }

  async show(text: string): Promise<{ task: TaskEntry; subtasks: readonly SubtaskEntry[] }> {
    const task = await this.find(text)
    return { task, subtasks: await this.#store.directory.subtasks(task.taskId) }
  }

  /** Has the result of a dead task submitted once more. */
  async retry(text: string): Promise<TaskEntry> {
    const task = await this.find(text)
    if (!(await this.#store.directory.retry(task.taskId))) {
      throw new ProgramError(`task ${task.uuid} is ${stateWord(task)}, not dead`, {
        hint: 'Only a result that could not be submitted can be submitted again.',
      })
    }
    return await this.find(task.taskId)
  }

  /** Settles an open task with an error, which the relay submits to the upstream. */
  async cancel(text: string): Promise<TaskEntry> {
    const task = await this.find(text)
    const { tasks } = this.#store
    const claim = await tasks.claimSettling(task.taskId, CLAIM_MS)
    if (claim === null) {
      const { state } = await this.find(task.taskId)
      throw new ProgramError(
        state === 'open'
          ? `task ${task.uuid} is being settled at the moment`
          : `task ${task.uuid} is ${stateWord({ state })}, not open`,
        { hint: 'A task can be cancelled as long as nodes are asked.' },
      )
    }
    const settled = await tasks.settle(claim, serializeResult(errorResult(claim.task, CANCELLED)))
    if (settled.outcome === 'lost') throw new ProgramError(`task ${task.uuid} was just settled`)
    await tasks.discardResults(task.taskId, { keep: false })
    return await this.find(task.taskId)
  }
}

/** The state of a task in the words of logs and metrics. */
export function stateWord({ state }: Pick<TaskEntry, 'state'>): string {
  return state === 'delivered' ? 'submitted' : state
}
