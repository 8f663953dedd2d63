import type { Cause } from '../vocabulary/cause.ts'
import type { Party } from '../vocabulary/judgement.ts'

/** The texts of a cause that are the same for all its findings. */
export interface CauseEntry {
  /** Follows the subject in the title, `site-b: wrong password`, and is listed where another finding explains this one. */
  readonly title: string
  /** Who must act, unless the finding names another party. */
  readonly party: Party
  readonly action: string
  /** Steps towards the reason, in the order to try them. */
  readonly next: readonly string[]
}

export const CAUSE_CATALOGUE: Readonly<Record<Cause, CauseEntry>> = {
  'name-resolution': {
    title: 'host name of the relay does not resolve',
    party: 'site',
    action: "Fix DNS in the client's pod so that it resolves the relay's host name.",
    next: [
      'Resolve the name inside the pod: `getent hosts HOST`.',
      'Resolve it on a machine outside the cluster: `dig HOST`.',
      "Check the cluster's DNS service and its forwarders: `kubectl -n kube-system logs -l k8s-app=kube-dns`.",
    ],
  },
  'connection-refused': {
    title: 'connection refused',
    party: 'hub',
    action: 'Make sure that the relay listens at the address and port that the client uses.',
    next: [
      "Connect from the client's network: `curl -v https://HOST/healthz`.",
      "Check the relay's service, ingress and port: `kubectl get pods,services,ingress`.",
      'Check the base URL and the proxy settings of the client.',
    ],
  },
  'connect-timeout': {
    title: 'connection timeout',
    party: 'network',
    action:
      "Allow connections from the client's network to the relay: packets are dropped on the way, usually by a firewall.",
    next: [
      "Connect from the client's network: `curl -v --connect-timeout 10 https://HOST/healthz`.",
      "Check the firewall rules for the relay's address and port 443.",
    ],
  },
  'read-timeout': {
    title: 'no response within the timeout',
    party: 'hub',
    action: 'Find out why the relay responds so late: requests are sent, but no response arrives.',
    next: [
      'Compare with the relay log of the same time.',
      'Check for a proxy that keeps connections open without passing on the response.',
    ],
  },
  'connection-closed': {
    title: 'connection closed before the response',
    party: 'network',
    action:
      'Find out what closes the connection: a proxy or load balancer with a short idle timeout, or a relay that restarts.',
    next: [
      'Compare the idle timeouts of the load balancer and the relay.',
      'Check for restarts of the relay at these times: `kubectl get pods`.',
    ],
  },
  'tls-expired': {
    title: 'TLS certificate expired',
    party: 'hub',
    action: 'Renew the certificate that the client receives.',
    next: [
      "Show it from the client's network: `openssl s_client -connect HOST:443 -servername HOST </dev/null | openssl x509 -noout -dates -issuer`.",
      "If the site itself is the issuer, the certificate comes from the site's proxy and not from the relay.",
      'Check the clock of the client: `date -u`.',
    ],
  },
  'tls-untrusted': {
    title: 'TLS certificate not trusted',
    party: 'site',
    action:
      'Add the certificate authority that signed the certificate to those that the client trusts.',
    next: [
      'Show the issuer: `openssl s_client -connect HOST:443 -servername HOST -showcerts </dev/null`.',
      'For a proxy that inspects TLS, set REQUESTS_CA_BUNDLE or NODE_EXTRA_CA_CERTS to its authority.',
      'If an intermediate certificate is missing, add it at the relay.',
    ],
  },
  'tls-wrong-name': {
    title: 'TLS certificate for another host name',
    party: 'hub',
    action:
      'Issue a certificate for the host name that clients use, or give clients the name in the certificate.',
    next: [
      'Show its names: `openssl s_client -connect HOST:443 -servername HOST </dev/null | openssl x509 -noout -ext subjectAltName`.',
      'Check the base URL of the client.',
    ],
  },
  'tls-failed': {
    title: 'TLS handshake fails',
    party: 'network',
    action:
      'Find out which side aborts the handshake: a proxy, a port without TLS, or a side that supports other TLS versions.',
    next: [
      "Try from the client's network: `openssl s_client -connect HOST:443 -servername HOST </dev/null`.",
      'Check that the base URL begins with https and that its port accepts TLS.',
    ],
  },
  'auth-unknown-user': {
    title: 'unknown user',
    party: 'site',
    action: 'Set TASK_API_USERNAME to the user name that the hub issued.',
    next: [
      'Compare TASK_API_USERNAME in the pod with the user name that the hub issued.',
      'Ask the hub whether the user was removed: `warren relay users list`.',
    ],
  },
  'auth-wrong-password': {
    title: 'wrong password',
    party: 'site',
    action:
      'Set TASK_API_PASSWORD to the password that the hub issued last, and restart the client.',
    next: [
      'Ask the hub whether the password was reset at about that time.',
      'Compare the secret mounted into the pod with the password that the hub issued.',
    ],
  },
  'auth-wrong-collection': {
    title: 'wrong collection ID',
    party: 'site',
    action: 'Set COLLECTION_ID to the ID that the hub issued together with the user name.',
    next: [
      'Compare COLLECTION_ID in the pod with the ID that the hub issued.',
      "Check whether two clients have each other's settings.",
    ],
  },
  'auth-no-credentials': {
    title: 'requests without credentials',
    party: 'site',
    action: 'Set TASK_API_USERNAME and TASK_API_PASSWORD for the client.',
    next: [
      'Check both variables in the pod.',
      'Check whether a proxy removes the Authorization header.',
    ],
  },
  'auth-refused': {
    title: 'credentials rejected',
    party: 'site',
    action: 'Check user name, password and collection ID against those that the hub issued.',
    next: ['Read the relay log of this time: it shows which of the three is wrong.'],
  },
  'wrong-address': {
    title: 'wrong URL',
    party: 'site',
    action: 'Correct TASK_API_BASE_URL of the client: the relay does not serve this path.',
    next: [
      'For a .NET relay, check that TASK_API_BASE_URL ends in /link_connector_api.',
      'Check that no type suffix (.a or .b) is set: a relay does not accept one.',
    ],
  },
  'access-forbidden': {
    title: 'access forbidden (403)',
    party: 'network',
    action:
      "Configure the firewall or load balancer in front of the relay to pass this client's requests.",
    next: ['Find the rule that returns 403; the relay itself does not return it.'],
  },
  'rate-limited': {
    title: 'too many requests (429)',
    party: 'site',
    action: 'Make the client poll less often.',
    next: ['Raise POLLING_INTERVAL.', 'Check for a second client behind the same IP address.'],
  },
  'not-a-task-api': {
    title: 'responses from another program than the relay',
    party: 'network',
    action:
      'Find out which program responds in place of the relay, such as the login page of a proxy.',
    next: [
      "Show the response from the client's network: `curl -i https://HOST/link_connector_api`.",
    ],
  },
  'proxy-502': {
    title: '502 from the load balancer (relay not reachable)',
    party: 'network',
    action:
      "Set the relay's keep-alive time above the idle timeout of the load balancer, and check for restarts of the relay.",
    next: [
      "Compare the load balancer's idle timeout with the relay's keep-alive time.",
      'Check the load balancer log: a target status of `-` means that the relay never responded.',
    ],
  },
  'proxy-503': {
    title: '503 from the load balancer (no healthy relay)',
    party: 'network',
    action:
      'Restore a healthy relay behind the load balancer: pods, readiness probe and target group.',
    next: [
      'Check that a pod is ready: `kubectl get pods,endpoints`.',
      'Check the health checks of the load balancer.',
    ],
  },
  'proxy-504': {
    title: '504 from the load balancer (no response in time)',
    party: 'network',
    action: "Find out why the relay does not respond within the load balancer's timeout.",
    next: [
      'Compare with the logs of the relay and its database at these times.',
      "Set POLL_WAIT_SECONDS below the load balancer's timeout: a held poll must be shorter.",
    ],
  },
  'proxy-authentication': {
    title: 'proxy requires credentials',
    party: 'network',
    action:
      "Exempt the client from the proxy's authentication, or give the client credentials for the proxy.",
    next: ['Check HTTPS_PROXY and NO_PROXY in the pod.'],
  },
  'client-left': {
    title: 'client disconnects before the response',
    party: 'site',
    action: "Raise the client's timeout, or find out why responses take so long.",
    next: ["Compare the client's timeout with the latency in the relay log."],
  },
  'relay-error': {
    title: 'server errors from the relay',
    party: 'hub',
    action: 'Find the exception in the relay log at these times.',
    next: [
      'Check the collection ID: a .NET relay returns 500 for one that is not a GUID or has a type suffix (.a or .b).',
      "Check the relay's database and broker.",
    ],
  },
  'relay-restarted': {
    title: 'relay restarted',
    party: 'hub',
    action: 'Find out why the relay restarted.',
    next: ['Check the relay: `kubectl describe pod POD` and `kubectl logs --previous POD`.'],
  },
  'relay-stalled': {
    title: 'relay stopped responding',
    party: 'hub',
    action: 'Find out what blocked the relay process at that time.',
    next: [
      'Check its machine: paused or migrated, short of memory or CPU, or with a disk that is full or hangs.',
      'In Kubernetes, check the events and the CPU throttling of the pod: `kubectl describe pod POD`.',
      'Check for another process that froze or swapped out the relay: a backup, a debugger or a snapshot.',
    ],
  },
  slow: {
    title: 'slow responses',
    party: 'hub',
    action: 'Find out what the relay waits for.',
    next: ['Compare with the logs of its database and broker at these times.'],
  },
  'never-seen': {
    title: 'never seen',
    party: 'site',
    action: 'Start the client, or correct its base URL.',
    next: [
      "Check that the client's pod runs: `kubectl get pods`.",
      "Get the client's log, and test the network path from the site to the relay.",
      'Check that the name in the list of expected clients is the user name at the relay.',
    ],
  },
  silent: {
    title: 'stopped polling',
    party: 'site',
    action: 'Check that the client runs and can reach the relay.',
    next: [
      'Check the pods at the site: `kubectl get pods`.',
      "Get the client's log of the time at which it stopped polling.",
    ],
  },
  interrupted: {
    title: 'stopped polling for a while',
    party: 'site',
    action: "Find the reason in the client's log of that time.",
    next: ["Run this report again with the client's log."],
  },
  flapping: {
    title: 'unstable connection',
    party: 'network',
    action:
      'Look for something on the network path that fails intermittently: a route, one of several load balancer addresses, or a pod that restarts.',
    next: [
      'Compare the times with restarts and deployments.',
      "Test every address of the relay's host name: `dig +short HOST`.",
    ],
  },
  'two-instances': {
    title: 'two processes polling with the same credentials',
    party: 'site',
    action: 'Stop one of the two processes, or give each its own user and collection ID.',
    next: ['Look for a second deployment, an old container, or more than one replica.'],
  },
  hammering: {
    title: 'polling too fast',
    party: 'site',
    action: 'Raise the polling interval of the client.',
    next: ['Set POLLING_INTERVAL to 5 seconds or more.'],
  },
  'unlisted-client': {
    title: 'not on the list of expected clients',
    party: 'operator',
    action: 'Add the client to the list, or ask the hub which site it belongs to.',
    next: [],
  },
  'client-restarted': {
    title: 'client restarted',
    party: 'site',
    action: 'Find out why the client restarted.',
    next: ['Check the client: `kubectl describe pod POD` and `kubectl logs --previous POD`.'],
  },
  'clock-skew': {
    title: 'clock differs from the clock of the relay',
    party: 'site',
    action: 'Synchronise the clock of the machine (NTP).',
    next: ['Check the machine: `timedatectl` or `chronyc tracking`.'],
  },
  'log-gap': {
    title: 'gap in the log',
    party: 'operator',
    action: 'Collect the missing lines.',
    next: ['Check the retention and the limits of the log collector.'],
  },
  'source-began-late': {
    title: 'log starts late',
    party: 'operator',
    action: 'Collect the earlier part of the log, including the log of the previous pod.',
    next: ['Run this report with --since set to the time at which all logs have started.'],
  },
  'source-ended-early': {
    title: 'log ends early',
    party: 'operator',
    action: 'Collect the rest of the log, or find out whether the program stopped.',
    next: ['Check that the pod still runs: `kubectl get pods`.'],
  },
  'unreadable-lines': {
    title: 'lines not recognised',
    party: 'operator',
    action:
      'Read the quoted lines, and report them to the developers if a known program wrote them.',
    next: [],
  },
  'unexplained-errors': {
    title: 'errors of unknown cause',
    party: 'hub',
    action: 'Read the quoted lines.',
    next: [],
  },
  'task-not-answered': {
    title: 'tasks not answered',
    party: 'site',
    action: 'Find out from the client log what happened to the tasks.',
    next: ['Look for errors, restarts and slow statements at the time of the tasks.'],
  },
  'task-handed-out-again': {
    title: 'tasks handed out again',
    party: 'site',
    action: 'Find out from the client log what happened to the tasks the first time.',
    next: [
      'Look for restarts of the client and lost results at the time of the tasks.',
      'If tasks take longer than the lease of the relay, raise the lease.',
    ],
  },
  'task-answered-late': {
    title: 'results after the deadline',
    party: 'site',
    action:
      "Speed up the queries on the client's OMOP database, or find out what else delayed the results.",
    next: [
      'Compare the duration of the query with the deadline of the relay (4 minutes for an availability task of a .NET relay).',
    ],
  },
  'task-not-answerable': {
    title: 'tasks failed in the client',
    party: 'site',
    action: 'Read the reason in the client log.',
    next: [],
  },
  'result-rejected': {
    title: 'results rejected by the relay',
    party: 'site',
    action: 'Read the reason in the relay log.',
    next: [],
  },
  'upstream-unreachable': {
    title: 'upstream not reachable',
    party: 'upstream',
    action: 'Restart the Task API of the upstream, or restore the network path from the relay.',
    next: [
      "Connect from the relay's network: `curl -v` with the upstream's URL.",
      'Check the status page of the upstream.',
    ],
  },
  'upstream-refused': {
    title: 'upstream rejects the relay',
    party: 'hub',
    action: "Correct the relay's credentials, collection ID or URL for the upstream.",
    next: ['Compare them with those that the upstream issued.'],
  },
  'upstream-suspension': {
    title: 'collection suspended by the upstream',
    party: 'hub',
    action:
      'Restore availability polls (type a): the upstream suspends a collection after 30 minutes without one.',
    next: ['Find out why the polls fail or have stopped.'],
  },
  'submission-failing': {
    title: 'results not accepted by the upstream',
    party: 'upstream',
    action: 'Find out why the upstream does not accept results.',
    next: ['Give the upstream the times and the task IDs of the quoted lines.'],
  },
  'broker-stopped': {
    title: 'broker stopped',
    party: 'hub',
    action: 'Find out why the broker stopped, and check that it runs.',
    next: [
      'Check the broker for a deployment, an eviction or a drained Kubernetes node: `kubectl describe pod POD` and `kubectl logs --previous POD`.',
      'If the log shows no shutdown message, it was killed: look for too little memory (OOMKilled) and a failing liveness probe.',
    ],
  },
  'broker-refused': {
    title: 'broker not reachable',
    party: 'hub',
    action: 'Restart the broker, or restore the network path from the relay.',
    next: [
      "Check that the broker's pod is ready: `kubectl get pods`.",
      "Check host and port in the relay's connection string.",
    ],
  },
  'broker-auth-failed': {
    title: 'broker rejects the credentials',
    party: 'hub',
    action: 'Configure the relay with a user, password and virtual host that exist in the broker.',
    next: [
      'Check the broker: `rabbitmqctl list_users`, `rabbitmqctl list_vhosts` and `rabbitmqctl list_permissions -p VHOST`.',
    ],
  },
  'broker-heartbeat-lost': {
    title: 'missed heartbeats on broker connections',
    party: 'hub',
    action: 'Find out what delays the relay or the network between the relay and the broker.',
    next: [
      'Check whether the relay is short of CPU: `kubectl top pods`.',
      'Check for a firewall that drops idle connections.',
    ],
  },
  'broker-connection-lost': {
    title: 'broker connections lost',
    party: 'hub',
    action:
      'Find out what ends the connections: a relay that is killed, an operator, or a network that drops connections.',
    next: [
      'Check for restarts of the relay at these times: `kubectl get pods`.',
      'Check for a firewall or load balancer between relay and broker that closes idle connections.',
    ],
  },
  'broker-operation-refused': {
    title: 'operations rejected by the broker',
    party: 'hub',
    action:
      'Read the quoted lines: the relay expects a queue that the broker has or permits in another form.',
    next: [
      'For precondition_failed, the queue has other settings: delete it while it is empty, and the relay recreates it.',
      'For access_refused, check the permissions: `rabbitmqctl list_permissions -p VHOST`.',
    ],
  },
  'broker-resource-alarm': {
    title: 'broker resource alarm (publishers blocked)',
    party: 'hub',
    action: 'Give the broker more memory or disk space.',
    next: [
      'Check the broker: `rabbitmq-diagnostics alarms` and `rabbitmq-diagnostics memory_breakdown`.',
    ],
  },
  'broker-connection-churn': {
    title: 'a new broker connection for every poll',
    party: 'hub',
    action: 'If polls are too slow, use a relay that keeps its broker connection.',
    next: [],
  },
  'broker-port-probe': {
    title: 'connections to the broker port that never log in',
    party: 'none',
    action: 'No action needed: this is a port probe.',
    next: [],
  },
  'database-slow': {
    title: 'slow database',
    party: 'hub',
    action: "Find out what slows down the relay's database.",
    next: ['Check its load, locks and disk at these times.'],
  },
  'database-failing': {
    title: 'database fails',
    party: 'hub',
    action: "Restore the relay's database.",
    next: ['Check that it runs, is reachable, and has free connections and disk space.'],
  },
  'cdm-failing': {
    title: 'OMOP database fails',
    party: 'site',
    action: 'Restore the OMOP database of the client.',
    next: ["Check host, user and schema in the client's settings."],
  },
  'health-probe': {
    title: 'health probes without credentials (harmless)',
    party: 'none',
    action: 'No action needed.',
    next: [],
  },
  'probe-failing': {
    title: 'health probes fail',
    party: 'hub',
    action:
      'Find out why the relay reports itself unhealthy: the platform restarts it or takes it out of service.',
    next: ['For a .NET relay, check the database: its /healthz checks nothing else.'],
  },
}
