import { quote } from '../facts/evidence-keeper.ts'
import type { Quotable, RawEvidence } from '../facts/evidence-keeper.ts'
import type { SampledExchange } from '../facts/exchange-sample.ts'
import { SECOND } from '../read/timestamps.ts'

/** Statements before a login that are kept; a request has two. */
const MAX_STATEMENTS = 4

/**
 * What a relay wrote since it last answered a request: the lines of the next one, if no other was under way. Only order and the
 * name of the client say what belongs together, so where two requests may be mixed nothing is said to.
 */
export class RequestTrail {
  #statements: RawEvidence[] = []
  #login: { name: string; line: RawEvidence } | undefined
  #mixed = false

  statement(line: Quotable): void {
    // What comes after the login is another request's, or about the task.
    if (this.#login !== undefined || this.#mixed) return
    if (this.#statements.length === MAX_STATEMENTS) this.#mixed = true
    else this.#statements.push(quote(line))
  }

  login(line: Quotable, name: string): void {
    if (this.#login !== undefined) this.#mixed = true
    this.#login = { name, line: quote(line) }
  }

  /** The lines of the request that is answered now, by `name` where that is known. The next one begins. */
  take(answer: Quotable, name: string | undefined, durationMs: number): SampledExchange['lines'] {
    const login = this.#login
    const statements = this.#statements.filter(({ text }) => !text.includes('[Parameters=[]'))
    const mixed = this.#mixed
    this.forget()
    const begun = answer.time - (durationMs > 0 ? durationMs : 0) - SECOND
    const isOwn = login !== undefined && login.name === name && login.line.time >= begun
    const lines = [{ step: 'responded', evidence: quote(answer) }]
    if (mixed || !isOwn) return lines
    const kinds = new Set(statements.map(({ text }) => text.slice(text.indexOf('[Parameters='))))
    // A request has two: of more, two alike are of two requests.
    const own = statements.length <= 2 || kinds.size === statements.length ? statements : []
    return [
      ...own
        .filter(({ time }) => time >= begun)
        .map((evidence) => ({ step: 'statement', evidence })),
      { step: 'credentials', evidence: login.line },
      ...lines,
    ]
  }

  forget(): void {
    this.#statements = []
    this.#login = undefined
    this.#mixed = false
  }
}
