import type { WarrenEvents } from './warren-events.ts'
import type { Quotable } from '../facts/evidence-keeper.ts'
import type { Facts } from '../facts/facts.ts'
import { LEVEL } from '../read/event-head.ts'
import type { EventHead } from '../read/event-head.ts'
import type { FormatReader } from './format-reader.ts'
import { JsonEvent } from './json-event.ts'
import { WarrenBunnyEvents } from './warren-bunny-events.ts'
import { WarrenRelayEvents } from './warren-relay-events.ts'
import { WarrenUpstreamEvents } from './warren-upstream-events.ts'

/** JSON lines of Warren's programs (pino): `time`, `level`, `msg`, `component` and the fields of the event. */
export class WarrenJsonReader implements FormatReader {
  readonly name = 'Warren JSON'
  readonly #event = new JsonEvent()
  readonly #programs = new Map<string, WarrenEvents>()
  #last: { component: string; program: WarrenEvents | undefined } = {
    component: '',
    program: undefined,
  }
  /** Host name of the machine, which is the pod in Kubernetes. */
  hostname = ''

  facts(): readonly Facts[] {
    return [...this.#programs.values()].map((program) => program.facts)
  }

  /** Time of the line, milliseconds since the epoch; NaN if a Warren program did not write it. */
  timeOf(line: Quotable): number {
    if (!this.#event.read(line)) return Number.NaN
    if (!this.#event.has('msg') || !this.#event.has('component')) return Number.NaN
    return this.#event.number('time')
  }

  /** `timeOf` must have read the line before. */
  event(line: Quotable, head: EventHead): boolean {
    const event = this.#event
    const component = event.word('component')
    if (component !== this.#last.component)
      this.#last = { component, program: this.#program(component) }
    const { program } = this.#last
    if (program === undefined) return false
    if (this.hostname === '') this.hostname = event.text('hostname')
    head.level = levelOf(event)
    program.event(line, event, head.level)
    return true
  }

  finish(): void {
    for (const program of this.#programs.values()) program.finish?.()
  }

  #program(component: string): WarrenEvents | undefined {
    const known = this.#programs.get(component)
    if (known !== undefined) return known
    const program = newProgram(component)
    if (program !== undefined) this.#programs.set(component, program)
    return program
  }
}

function newProgram(component: string): WarrenEvents | undefined {
  switch (component) {
    case 'bunny':
      return new WarrenBunnyEvents()
    case 'relay':
      return new WarrenRelayEvents()
    case 'upstream':
      return new WarrenUpstreamEvents()
    default:
      return undefined
  }
}

/** pino logs levels as numbers (10 trace … 60 fatal) or, if configured, as words. */
function levelOf(event: JsonEvent): number {
  const number = event.number('level')
  if (number >= 0) return Math.max(0, Math.min(5, Math.floor(number / 10) - 1))
  const word = event.word('level').toLowerCase()
  return Object.entries(LEVEL).find(([name]) => name === word)?.[1] ?? LEVEL.info
}
