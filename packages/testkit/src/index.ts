export {
  createDatabase,
  describePostgres,
  postgresUrl,
  startPrivatePostgres,
  type DatabaseTemplate,
  type TestDatabase,
} from './postgres.ts'
export { describePgBouncer, startPgBouncer, type PgBouncer } from './pgbouncer.ts'
export {
  createVhost,
  describeRabbit,
  rabbitUrl,
  startPrivateRabbit,
  type TestVhost,
} from './rabbit.ts'
export { chromiumPath, describeChromium } from './chromium.ts'
export type { PrivatePostgres, PrivateRabbit, PrivateServer } from './manager/private-service.ts'
export { FaultProxy } from './faults/fault-proxy.ts'
export { startServices } from './start-services.ts'
export { demandTls, type PostgresTlsOptions } from './postgres-tls.ts'
export { selfSignedCertificate } from './self-signed-certificate.ts'
export { freePort } from './free-port.ts'
export { fuzzHttp, type FuzzOptions, type FuzzReport } from './fuzz/fuzz-http.ts'
export type { FuzzTarget } from './fuzz/http-requests.ts'
export { LARGEST_BODIES } from './largest-bodies.ts'
export { RawClient } from './raw-client.ts'
export { ResponsivenessProbe } from './responsiveness.ts'
export { ServerProcess } from './server-process.ts'
export { until, type UntilOptions } from './until.ts'
export {
  meetsTarget,
  median,
  type Measurement,
  percentile,
  reportMeasurement,
  shortNumber,
  type Target,
} from './bench/measurement.ts'
