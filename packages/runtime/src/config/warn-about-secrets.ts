import type { ConfigDefinition } from './define-config.ts'
import { weakSecrets } from './describe-config.ts'

/** Logs a `configuration warning` for each secret that is short or common. */
export function warnAboutSecrets<T extends object>(
  log: { warn(fields: object, message: string): void },
  definition: ConfigDefinition<T>,
  values: T,
): void {
  for (const { name, message, hint } of weakSecrets(definition, values)) {
    log.warn({ variable: name, detail: message, hint }, 'configuration warning')
  }
}
