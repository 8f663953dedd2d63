import type { Logger } from '@warren/runtime'
import type { AuditEvent } from '../audit/audit-entry.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { BunnyEvent } from '../log-events.ts'

/** The audit record of a running bunny, and what happens if it cannot be written. */
export class SiteRecord {
  readonly #log: Logger
  readonly #audit: AuditLog | undefined
  readonly #onFailure: 'refuse' | 'answer'

  constructor(options: {
    /** `undefined`: the site keeps no record. */
    audit: AuditLog | undefined
    onFailure: 'refuse' | 'answer'
    log: Logger
  }) {
    this.#audit = options.audit
    this.#onFailure = options.onFailure
    this.#log = options.log
  }

  /** Appends an entry. Returns whether an answer may leave: false if it is not recorded but must be. */
  async append(event: AuditEvent): Promise<boolean> {
    if (this.#audit === undefined) return true
    try {
      await this.#audit.append(event)
      return true
    } catch (error: unknown) {
      const onFailure = this.#onFailure
      this.#log.error({ event: event.event, onFailure, err: error }, BunnyEvent.auditFailure)
      return onFailure === 'answer'
    }
  }
}
