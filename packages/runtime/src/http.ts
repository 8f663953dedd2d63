// What the HTTP servers need to stay up whatever their clients send. It depends on no web framework.
export { BodyIntake, type BodyIntakeOptions, type ReceivedBody } from './http/body-intake.ts'
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
export { isPlainJson } from './http/media-type.ts'
export { BodyError, longestBodyMs } from './http/read-body.ts'
export { chooseRequestId } from './http/request-id.ts'
export { SECURITY_HEADERS } from './http/security-headers.ts'
export {
  hasValidClientCertificate,
  TlsCertificate,
  TlsFileError,
  type TlsFiles,
} from './http/tls-certificate.ts'
