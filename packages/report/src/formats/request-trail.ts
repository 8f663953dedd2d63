import { quote } from '../facts/evidence-keeper.ts'
import type { Quotable, RawEvidence } from '../facts/evidence-keeper.ts'
import type { SampledExchange } from '../facts/exchange-sample.ts'
import { SECOND } from '../read/timestamps.ts'

/** Statements before a login that are kept; a request makes two. */
const MAX_STATEMENTS = 4

/**
 * The lines since the last response, which belong to the next request if no other is in progress. Only their order and the user name
 * connect them, so if two requests may be mixed, none of the lines are assigned.
 */
export class RequestTrail {
  #statements: RawEvidence[] = []
  #login: { name: string; line: RawEvidence } | undefined
  #mixed = false

  statement(line: Quotable): void {
    // A statement after the login belongs to another request or to the task.
    if (this.#login !== undefined || this.#mixed) return
    if (this.#statements.length === MAX_STATEMENTS) this.#mixed = true
    else this.#statements.push(quote(line))
  }

  login(line: Quotable, name: string): void {
    if (this.#login !== undefined) this.#mixed = true
    this.#login = { name, line: quote(line) }
  }

  /** Takes the lines of the request that is answered now, by `name` if it is known, and starts again. */
  take(answer: Quotable, name: string | undefined, durationMs: number): SampledExchange['lines'] {
    const login = this.#login
    const statements = this.#statements.filter(({ text }) => !text.includes('[Parameters=[]'))
    const mixed = this.#mixed
    this.reset()
    const begun = answer.time - (durationMs > 0 ? durationMs : 0) - SECOND
    const isOwn = login !== undefined && login.name === name && login.line.time >= begun
    const lines = [{ step: 'responded', evidence: quote(answer) }]
    if (mixed || !isOwn) return lines
    const kinds = new Set(statements.map(({ text }) => text.slice(text.indexOf('[Parameters='))))
    // A request makes two statements; if there are more and two are alike, they belong to two requests.
    const own = statements.length <= 2 || kinds.size === statements.length ? statements : []
    return [
      ...own
        .filter(({ time }) => time >= begun)
        .map((evidence) => ({ step: 'statement', evidence })),
      { step: 'credentials', evidence: login.line },
      ...lines,
    ]
  }

  reset(): void {
    this.#statements = []
    this.#login = undefined
    this.#mixed = false
  }
}
