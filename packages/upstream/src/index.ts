export { upstreamCommand } from './cli/upstream-command.ts'
export type { CollectionCredentials } from './collections/collection.ts'
export {
  loadUpstreamConfig,
  upstreamConfig,
  type Behaviour,
  type UpstreamConfig,
} from './config.ts'
export type { CollectionView } from './http/asking.routes.ts'
export type { QuestionView } from './http/question-view.ts'
export { startUpstream, type UpstreamHandle, type UpstreamOptions } from './start-upstream.ts'
export { UPSTREAM_ERRORS, UpstreamError, type UpstreamErrorCode } from './upstream-error.ts'
