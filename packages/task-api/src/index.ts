export * from './messages.ts'
export {
  TaskApiClient,
  type Exchange,
  type NextTaskOptions,
  type SubmitOptions,
  type TaskApiClientOptions,
} from './client/task-api-client.ts'
export { decodeBody } from './client/content-encoding.ts'
export { taskApiBase } from './client/task-api-base.ts'
export {
  TaskApiError,
  type TaskApiErrorDetails,
  type TaskApiErrorKind,
} from './client/task-api-error.ts'
export type { AddressFailure } from './client/route/address-failure.ts'
export type { AddressStatus } from './client/route/address-health.ts'
export {
  addressReportFields,
  describeAddressReport,
  describeResolutionReport,
  type AddressReport,
  type ResolutionReport,
} from './client/route/address-report.ts'
export { proxyFor } from './client/route/proxy.ts'
export { resolveHost, type ResolveHost } from './client/route/server-addresses.ts'
export {
  clientTlsFiles,
  clientTlsProblems,
  type ClientTlsPaths,
} from './client/tls/client-tls-settings.ts'
export { ClientTls, type ClientTlsFiles } from './client/tls/client-tls.ts'
export { parseRetryAfter } from './client/retry-after.ts'
