import {
  bunnyText,
  createLogger,
  secretValues,
  type CliIo,
  type ConfigDefinition,
  type Logger,
  type LogLevel,
} from '@warren/runtime'
import { bunnyTextCatalogue } from '../log-text.ts'

/** The log of a command, on standard error, with the secrets of its configuration masked. */
export function programLog<
  T extends { logLevel: LogLevel; logFormat: 'json' | 'text' | undefined },
>(definition: ConfigDefinition<T>, config: T, io: CliIo): Logger {
  return createLogger({
    component: 'bunny',
    level: config.logLevel,
    format: config.logFormat,
    destination: io.stderr,
    env: io.env,
    secrets: secretValues(definition, config),
    text: bunnyText(bunnyTextCatalogue),
  })
}
