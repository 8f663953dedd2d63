import type { Quotable } from '../facts/evidence-keeper.ts'
import { UpstreamFacts } from '../facts/facts.ts'
import { LEVEL } from '../read/event-head.ts'
import type { JsonEvent } from './json-event.ts'
import type { WarrenEvents } from './warren-events.ts'

/** Reads the events of Warren's upstream. */
export class WarrenUpstreamEvents implements WarrenEvents {
  readonly facts = new UpstreamFacts()

  constructor() {
    this.facts.program = 'Warren upstream'
  }

  event(line: Quotable, event: JsonEvent, level: number): boolean {
    const { facts } = this
    switch (event.word('msg')) {
      case 'upstream started':
        facts.started(line, event.text('version'))
        break
      case 'task queued':
        facts.queued++
        facts.tasks.step(event.text('taskId'), 'received', line, { kind: event.word('kind') })
        break
      case 'task leased':
        facts.leased++
        facts.link.success(line, 200, Number.NaN)
        facts.tasks.step(event.text('taskId'), 'handed-out', line)
        break
      case 'result received':
        facts.results++
        facts.link.success(line, 200, Number.NaN)
        facts.tasks.step(event.text('taskId'), 'answered', line)
        break
      case 'task timed out':
        facts.tasks.step(event.text('taskId'), 'expired', line)
        break
      case 'collection suspended':
        facts.suspended.see(line)
        break
      case 'collection resumed':
        facts.suspended.recover(line)
        break
      default:
        if (level >= LEVEL.error) facts.errors.see(line)
        return false
    }
    return true
  }
}
