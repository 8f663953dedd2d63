/**
 * Every cause that the report can name. Causes are stable: scripts match on them and the fault corpus scores them. Their texts
 * and properties are in `causes/`.
 */
export const CAUSES = [
  // the client did not reach the relay
  'name-resolution',
  'connection-refused',
  'connect-timeout',
  'read-timeout',
  'connection-closed',
  'tls-expired',
  'tls-untrusted',
  'tls-wrong-name',
  'tls-failed',
  // the relay rejected the client
  'auth-unknown-user',
  'auth-disabled-user',
  'auth-wrong-password',
  'auth-wrong-collection',
  'auth-no-credentials',
  'auth-refused',
  'unknown-logins',
  'wrong-address',
  'access-forbidden',
  'rate-limited',
  'not-a-task-api',
  // a component between client and relay answered
  'proxy-502',
  'proxy-503',
  'proxy-504',
  'proxy-authentication',
  'client-left',
  'address-failing',
  // the relay failed, or was slow
  'relay-error',
  'relay-crashing',
  'relay-restarted',
  'relay-stalled',
  'slow',
  // polling over time
  'never-seen',
  'other-relay',
  'silent',
  'interrupted',
  'flapping',
  'two-instances',
  'hammering',
  'unlisted-client',
  'client-restarted',
  // clocks and logs
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
  'result-not-submitted',
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
  'client-files-failing',
  // what Kubernetes and the load balancer report
  'out-of-memory',
  'crash-loop',
  'image-pull-failing',
  'pod-evicted',
  'target-unhealthy',
  'certificate-not-renewed',
  // expected log lines that look like problems
  'health-probe',
  'probe-failing',
] as const

export type Cause = (typeof CAUSES)[number]
