import { EventHead } from '../event-head.ts'
import { Interner } from '../interner.ts'
import type { LineView } from '../line-view.ts'
import type { SourceLabels } from '../source-labels.ts'
import { IsoTime } from '../timestamps.ts'
import { MAX_ORIGINS } from './wrapper.ts'
import type { Wrapper } from './wrapper.ts'

const MAX_NAME_BYTES = 300
const COLON = 58
const CLOSING_BRACKET = 93

/**
 * A time and a name before each line. `2025-09-26T06:56:21.123000+00:00 relay/relay-0/abc line`: `aws logs tail` names the stream.
 * `2025-09-26T06:56:21+0000 host relay[42]: line`: journald and syslog name the host and the program. Any words match, so a name
 * counts only if an event of a known format has followed it at least once.
 */
export class NamedLineWrapper implements Wrapper {
  readonly #origins = new Interner(MAX_ORIGINS)
  readonly #proven = new Set<number>()
  readonly #head = new EventHead()
  readonly #time = new IsoTime()
  #syslog = false

  get name(): string {
    return this.#syslog ? 'syslog' : 'aws logs tail'
  }

  unwrap(view: LineView): boolean {
    const { buf, start, end } = view
    if (!this.#time.read(buf, start, end) || !this.#time.zoned) return false
    const from = this.#time.end + 1
    if (buf[from - 1] !== 32) return false
    const wordEnd = endOfWord(buf, from, end)
    if (wordEnd < 0) return false
    // A second word that ends with a colon is the program.
    const second = endOfWord(buf, wordEnd + 1, end)
    const isSyslog = second > 0 && buf[second - 1] === COLON
    const nameEnd = isSyslog ? programEnd(buf, wordEnd + 1, second) : wordEnd
    const lineStart = (isSyslog ? second : wordEnd) + 1
    const known = this.#head.read(buf, lineStart, end)
    if (!known && this.#proven.size === 0) return false
    const origin = this.#origins.id(buf, from, nameEnd) + 1
    if (known) this.#proven.add(origin)
    else if (!this.#proven.has(origin)) return false
    this.#syslog = isSyslog
    view.origin = origin
    view.wrapperTime = this.#time.ms
    view.start = Math.min(end, lineStart)
    return true
  }

  labels(origin: number): SourceLabels {
    const [first = '', program = ''] = this.#origins.text(origin - 1).split(' ')
    if (program !== '') return { pod: first, container: program }
    return first === '' ? {} : { pod: first }
  }
}

function endOfWord(buf: Buffer, start: number, end: number): number {
  const limit = Math.min(end, start + MAX_NAME_BYTES)
  let at = start
  while (at < limit && (buf[at] ?? 0) > 32) at++
  return at === start || buf[at] !== 32 ? -1 : at
}

/** Without `[42]:`, so that a restarted program keeps its name. */
function programEnd(buf: Buffer, start: number, end: number): number {
  let at = end - 1
  if (buf[at - 1] !== CLOSING_BRACKET) return at
  while (at > start && buf[at] !== 91) at--
  return at > start ? at : end - 1
}
