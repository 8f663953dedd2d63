import { safeText } from './safe-text.ts'

const MAX_REASONS = 3
const MAX_LENGTH = 200
const ID = /\{?\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b\}?/gi

/** The reasons that nodes gave for not answering, merged so that they do not show which node gave which. */
export class FailureReasons {
  readonly #reasons = new Set<string>()

  add(reason: string | null): void {
    const text = safeText((reason ?? '').slice(0, MAX_LENGTH + 36).replaceAll(ID, '…'), MAX_LENGTH)
    if (text !== '' && this.#reasons.size < MAX_REASONS) this.#reasons.add(text)
  }

  toString(): string {
    return [...this.#reasons].sort().join('; ')
  }
}
