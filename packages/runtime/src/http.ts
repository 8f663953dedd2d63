// What the HTTP servers need to stay up whatever their clients send. It depends on no web framework.
export { ByteBudget, ByteBudgetError, type ByteBudgetOptions } from './http/byte-budget.ts'
export { addressGroup, AddressList, clientAddress, LOOPBACK } from './http/client-address.ts'
export type { LimitReason } from './http/connection-limit.ts'
export {
  defineErrors,
  type ErrorCatalogue,
  HttpError,
  type HttpErrorOptions,
} from './http/http-error.ts'
export {
  createHttpServer,
  type HttpServerOptions,
  rejectMalformedRequest,
} from './http/http-server.ts'
export {
  BodyError,
  type BodyPace,
  declaredLength,
  longestBodyMs,
  readBody,
  SLOWEST_BODY,
} from './http/read-body.ts'
export { chooseRequestId } from './http/request-id.ts'
export { SECURITY_HEADERS } from './http/security-headers.ts'
export {
  hasValidClientCertificate,
  TlsCertificate,
  TlsFileError,
  type TlsFiles,
} from './http/tls-certificate.ts'
