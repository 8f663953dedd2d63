import { createLogger } from '@warren/runtime'

/** A log that no one reads, for commands that do their work without a database. */
export const quietLog = createLogger({
  component: 'bunny',
  level: 'fatal',
  format: 'json',
  destination: { write: () => undefined },
})
