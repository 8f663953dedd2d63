export { cancelStatement } from './cancel-statement.ts'
export { parsePostgresAddress } from './parse-postgres-address.ts'
export { readLibpqParameters, type LibpqParameters } from './libpq-parameters.ts'
export {
  formatAddress,
  formatHost,
  type PostgresAddress,
  type PostgresHost,
  type PostgresTls,
  type SessionTarget,
  type TlsMode,
} from './postgres-address.ts'
export { connectionOf, PostgresRoute } from './postgres-route.ts'
export type { ConnectionDefaults } from './connection-attempts.ts'
export { duckDbError } from './duckdb-error.ts'
export { connectionIsDead, connectionIsUsable, postgresError } from './postgres-error.ts'
export { SourceError, type SourceErrorKind } from './source-error.ts'
