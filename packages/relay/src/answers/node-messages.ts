import { safeText } from './safe-text.ts'

const MAX_REASONS = 3
const MAX_LENGTH = 300
/** What is looked at of a reason, so that replacing parts of it takes a bounded time. */
const MAX_READ = 1_000

/** What names a node or its computers: identifiers, URLs, mail and network addresses, host names. */
const NAMES: readonly RegExp[] = [
  /\{?\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b\}?/gi,
  /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"')]+/gi,
  /[\w.+-]{1,64}@[\w.-]{1,255}/g,
  /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g,
  /\b[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){3,7}/gi,
  // The place of a problem (`cohort.groups[0].exclude`), a column and a decimal number are not host names.
  /(?<![\w.\]-])(?!cohort\.|queryResult\.)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,8}\.[a-z][a-z0-9-]{1,62}(?!\w|\[|\.\w)(?::\d+)?/gi,
  /(?<=\b(?:host|hostname|server|host name|server at|address|user|role|database) ["'])[^"']{1,100}(?=["'])/gi,
  /\b[a-z][\w-]*:\d{2,5}\b/gi,
]

/** A place in the task, or what a bunny says of a task that it does not understand. */
const ABOUT_QUESTION =
  /\bcohort[.[]|\bcohort is not valid|\bnot a valid task|\bnot (?:yet )?supported/i

/** What a bunny says of a count that is restricted. A relay has it next to its coverage. */
const RESTRICTION = /^only values in .* were compared$/

/**
 * What nodes said about their results, for the researcher: why they could not answer, or what their counts are restricted to.
 * Equal messages are merged, and sorted, so that they do not show which node gave which. Names of nodes and computers are
 * replaced.
 */
export class NodeMessages {
  readonly #reasons = new Map<string, number>()
  #others = false

  /** Adds the parts of a message that say what a count is restricted to. */
  addRestrictions(message: string | null): void {
    const parts = (message ?? '').slice(0, MAX_READ).split('; ')
    for (const part of parts) if (RESTRICTION.test(part)) this.add(part)
  }

  add(reason: string | null): void {
    let text = (reason ?? '').slice(0, MAX_READ)
    for (const names of NAMES) text = text.replaceAll(names, '…')
    const safe = safeText(text, MAX_LENGTH)
    if (safe === '') return
    const nodes = this.#reasons.get(safe)
    if (nodes === undefined && this.#reasons.size === MAX_REASONS) this.#others = true
    else this.#reasons.set(safe, (nodes ?? 0) + 1)
  }

  /** `reason one; reason two (3 nodes); and others`. The number is left out if there is one reason. */
  toString(): string {
    return this.#merged(() => true)
  }

  /** Only the reasons that are about the question, on which the researcher can act. */
  aboutQuestion(): string {
    return this.#merged((reason) => ABOUT_QUESTION.test(reason))
  }

  #merged(isWanted: (reason: string) => boolean): string {
    const merged = [...this.#reasons]
      .filter(([reason]) => isWanted(reason))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([reason, nodes]) =>
        nodes > 1 && this.#reasons.size > 1 ? `${reason} (${nodes} nodes)` : reason,
      )
    return [...merged, ...(this.#others && merged.length > 0 ? ['and others'] : [])].join('; ')
  }
}
