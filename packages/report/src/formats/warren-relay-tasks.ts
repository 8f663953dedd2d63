import type { Quotable } from '../facts/evidence-keeper.ts'
import type { RelayClient, RelayFacts } from '../facts/facts.ts'
import { outcomeOf } from '../facts/link-stats.ts'
import { silentNodesNotAwaited, taskExpired } from './expired-tasks.ts'
import type { JsonEvent } from './json-event.ts'
import { networkCause } from './network-cause.ts'
import type { RelayNames } from './relay-names.ts'

/** Reads what Warren's relay logs about tasks, from their arrival to the submission of the result. */
export class WarrenRelayTasks {
  readonly #facts: RelayFacts
  readonly #names: RelayNames

  constructor(facts: RelayFacts, names: RelayNames) {
    this.#facts = facts
    this.#names = names
  }

  /** The line, whose message is `msg`, is one of these. */
  read(line: Quotable, event: JsonEvent, msg: string): boolean {
    const { tasks, submissions } = this.#facts
    const taskId = event.text('taskId')
    const node = (): string => this.#names.ownerOf(event.word('node')) || event.word('node')
    const more = (): { node: string; subtask: string; requestId: string } => ({
      node: node(),
      subtask: event.text('subtaskId'),
      requestId: event.text('requestId'),
    })
    switch (msg) {
      case 'task received':
        tasks.step(taskId, 'received', line, { kind: event.word('kind') })
        break
      case 'task admitted':
      case 'task redelivered':
        break
      case 'task handed out':
        tasks.step(taskId, 'handed-out', line, more())
        break
      case 'result stored':
        tasks.step(taskId, 'answered', line, more())
        if (event.text('status') === 'error')
          this.#names.client(node())?.stats.problem('task-not-answerable', line).recover(line)
        break
      case 'result late': {
        tasks.step(taskId, 'late', line, more())
        this.#names.client(node())?.stats.problem('task-answered-late', line).recover(line)
        break
      }
      case 'result rejected':
        this.#names
          .client(node())
          ?.stats.problem('result-rejected', line)
          .reason(event.word('reason'))
        this.#names.client(node())?.stats.problems.get('result-rejected')?.recover(line)
        break
      case 'lease returned': {
        const client = this.#names.client(node())
        tasks.step(taskId, 'lease-returned', line, more())
        client?.stats.problem('task-handed-out-again', line)
        client?.waiting.shift()
        break
      }
      case 'task expired':
        taskExpired(this.#facts, line, {
          taskId,
          deadlineMs: event.number('deadlineMs'),
          missing: event.number('missing'),
          clients: this.#namedClients(event),
        })
        break
      case 'silent nodes not waited for':
        silentNodesNotAwaited(this.#facts, line, this.#namedClients(event))
        break
      case 'task settled':
        tasks.step(taskId, 'settled', line)
        if (event.number('late') === 0) this.#facts.expiredForUnknownClient.recover(line)
        break
      case 'submitting result':
        tasks.step(taskId, 'submitting', line)
        break
      case 'result submitted':
        tasks.step(taskId, 'submitted', line)
        submissions.success(line, event.number('status') || 200, event.number('durationMs'))
        break
      case 'submission failed':
      case 'result too large for the upstream':
        tasks.step(taskId, 'submission-failed', line)
        this.#submissionFailed(line, event)
        break
      case 'submission abandoned':
        tasks.step(taskId, 'abandoned', line)
        this.#submissionFailed(line, event)
        break
      default:
        return false
    }
    // These events are logged after the database has committed them.
    if (
      msg === 'task admitted' ||
      msg === 'result stored' ||
      msg === 'task settled' ||
      msg === 'task handed out'
    ) {
      this.#facts.database.success(line, 0, Number.NaN)
    }
    return true
  }

  /** The clients that did not answer. Undefined if the line does not name them. */
  #namedClients(event: JsonEvent): readonly RelayClient[] | undefined {
    if (!event.has('users')) return undefined
    return event.texts('users').flatMap((name) => this.#names.client(name) ?? [])
  }

  #submissionFailed(line: Quotable, event: JsonEvent): void {
    const { submissions } = this.#facts
    const status = event.number('status')
    submissions.failure(
      line,
      status > 0 ? status : outcomeOf('submission-failing'),
      'submission-failing',
      Number.NaN,
    )
    const detail =
      status > 0
        ? `HTTP ${status}`
        : (networkCause(`${event.text('code')} ${event.text('detail')}`)?.cause ??
          event.text('code'))
    submissions.problems.get('submission-failing')?.reason(detail)
  }
}
