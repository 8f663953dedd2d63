/**
 * Every cause the report can name. A cause is a stable word: scripts match on it, the fault corpus scores it, and
 * the texts that go with it live in `findings/cause-catalogue.ts`.
 */
export const CAUSES = [
  // the client never reached the relay
  'name-resolution',
  'connection-refused',
  'connect-timeout',
  'read-timeout',
  'connection-closed',
  'tls-expired',
  'tls-untrusted',
  'tls-wrong-name',
  'tls-failed',
  // the relay turned the client away
  'auth-unknown-user',
  'auth-wrong-password',
  'auth-wrong-collection',
  'auth-no-credentials',
  'auth-refused',
  'wrong-address',
  'access-forbidden',
  'rate-limited',
  'not-a-task-api',
  // something between client and relay answered instead of the relay
  'proxy-502',
  'proxy-503',
  'proxy-504',
  'proxy-authentication',
  'client-left',
  // the relay answered, badly
  'relay-error',
  'relay-restarted',
  'relay-stalled',
  'slow',
  // the rhythm of a link
  'never-seen',
  'silent',
  'interrupted',
  'flapping',
  'two-instances',
  'hammering',
  'unlisted-client',
  'client-restarted',
  // clocks and evidence
  'clock-skew',
  'log-gap',
  'source-began-late',
  'source-ended-early',
  'unreadable-lines',
  'unexplained-errors',
  // tasks
  'task-not-answered',
  'task-handed-out-again',
  'task-answered-late',
  'task-not-answerable',
  'result-rejected',
  // upstream
  'upstream-unreachable',
  'upstream-refused',
  'upstream-suspension',
  'submission-failing',
  // broker
  'broker-stopped',
  'broker-refused',
  'broker-auth-failed',
  'broker-heartbeat-lost',
  'broker-connection-lost',
  'broker-operation-refused',
  'broker-resource-alarm',
  'broker-connection-churn',
  'broker-port-probe',
  // database
  'database-slow',
  'database-failing',
  // the client's own database
  'cdm-failing',
  // expected, named so that nobody has to wonder
  'health-probe',
  'probe-failing',
] as const

export type Cause = (typeof CAUSES)[number]
