export { startRelay, type RelayHandle, type StartRelayOptions } from './relay.ts'
export {
  loadRelayConfig,
  relayConfig,
  type RelayConfig,
  type RelaySettings,
} from './config/relay-config.ts'
export type { DeclaredUser } from './vocabulary/declared-user.ts'
export type { UpstreamConfig } from './config/upstream-settings.ts'
export { relayCommand } from './cli/relay-command.ts'
export type { NewUser } from './nodes/user-manager.ts'
export { RELAY_LOG_EVENTS } from './observe/log-events.ts'
export { relayLogText } from './observe/log-text.ts'
export { relayMetricDefinitions } from './observe/relay-metrics.ts'
export { NodeSummaries } from './nodes/node-summaries.ts'
export { API_ERRORS, type ApiErrorCode } from './http/api-errors.ts'
export { RELAY_VERSION } from './version.ts'
