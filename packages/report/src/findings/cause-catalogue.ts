import type { Cause } from '../document/cause.ts'
import type { Party } from '../document/report-document.ts'

/** What is said about a cause whatever the case. */
export interface CauseEntry {
  /** Follows the subject in the title: `site-b: wrong password`. */
  readonly title: string
  readonly party: Party
  /** What that party has to do; {who} stands for its name. */
  readonly action: string
  /** What to try, in order. */
  readonly next: readonly string[]
}

/** One entry per cause. The party is the usual one; a detector that knows better says so. */
export const CAUSE_CATALOGUE: Readonly<Record<Cause, CauseEntry>> = {
  'name-resolution': {
    title: 'the name of the relay cannot be resolved',
    party: 'site',
    action: 'Let the DNS that the client’s pod uses resolve the name of the relay.',
    next: [
      'Resolve the name inside the pod: `getent hosts HOST`.',
      'Compare with a machine outside of the cluster.',
      'Look at the cluster’s DNS and its forwarder.',
    ],
  },
  'connection-refused': {
    title: 'the connection is refused',
    party: 'hub',
    action: 'Make sure something listens at the address the client uses.',
    next: [
      'Try the address from the client’s network: `curl -v https://HOST/healthz`.',
      'Check the relay’s service, ingress and port.',
      'Check the address and proxy configured at the client.',
    ],
  },
  'connect-timeout': {
    title: 'no connection within the time limit',
    party: 'network',
    action:
      'Open the way from the client’s network to the relay: packets get lost, typically at a firewall.',
    next: [
      'Try from the client’s network: `curl -v --connect-timeout 10 https://HOST/healthz`.',
      'Ask for the firewall rule for the relay’s address and port 443.',
    ],
  },
  'read-timeout': {
    title: 'the relay does not answer within the time limit',
    party: 'hub',
    action: 'Find out why answers take so long: the request gets there and no answer comes back.',
    next: [
      'Compare with the relay’s log at the same time.',
      'Check for a proxy that holds connections open.',
    ],
  },
  'connection-closed': {
    title: 'the connection is closed before an answer comes',
    party: 'network',
    action:
      'Find out who closes the connection: a proxy or balancer with a short idle time, or a relay that stops.',
    next: [
      'Compare idle times of balancer and relay.',
      'Look for restarts of the relay at these times.',
    ],
  },
  'tls-expired': {
    title: 'the certificate has expired',
    party: 'hub',
    action: 'Renew the certificate that the client is shown.',
    next: [
      'Look at it from the client’s network: `openssl s_client -connect HOST:443 -servername HOST | openssl x509 -noout -dates -issuer`.',
      'If the issuer is the site’s own, the site’s proxy shows it, not the relay.',
      'Check the clock of the client.',
    ],
  },
  'tls-untrusted': {
    title: 'the certificate is not trusted',
    party: 'site',
    action: 'Give the client the certificate authority that signed what it is shown.',
    next: [
      'See who signed it: `openssl s_client -connect HOST:443 -servername HOST -showcerts`.',
      'A proxy that inspects TLS needs its authority in REQUESTS_CA_BUNDLE or NODE_EXTRA_CA_CERTS.',
      'A missing intermediate certificate has to be added at the relay.',
    ],
  },
  'tls-wrong-name': {
    title: 'the certificate is for another name',
    party: 'hub',
    action: 'Let the certificate carry the name clients use, or give clients the name it carries.',
    next: [
      'See its names: `openssl s_client -connect HOST:443 -servername HOST | openssl x509 -noout -ext subjectAltName`.',
      'Check the address configured at the client.',
    ],
  },
  'tls-failed': {
    title: 'no TLS connection comes about',
    party: 'network',
    action:
      'Find out who ends the handshake: a proxy, a port that does not speak TLS, or versions that do not match.',
    next: [
      'Try from the client’s network: `openssl s_client -connect HOST:443 -servername HOST`.',
      'Check that the address says https and the port speaks it.',
    ],
  },
  'auth-unknown-user': {
    title: 'unknown user',
    party: 'site',
    action: 'Use the user name the relay issued.',
    next: [
      'Compare TASK_API_USERNAME with what the relay issued.',
      'Ask the relay whether the user was removed.',
    ],
  },
  'auth-wrong-password': {
    title: 'wrong password',
    party: 'site',
    action: 'Use the password the relay issued last, and restart the client.',
    next: [
      'Ask the relay whether the password was reset around that time.',
      'Compare the secret mounted into the pod with the one issued.',
    ],
  },
  'auth-wrong-collection': {
    title: 'the collection is not the client’s',
    party: 'site',
    action: 'Use the collection id the relay issued together with the user.',
    next: [
      'Compare COLLECTION_ID with what the relay issued.',
      'Two clients may have exchanged their settings.',
    ],
  },
  'auth-no-credentials': {
    title: 'requests carry no credentials',
    party: 'site',
    action: 'Give the client user name and password.',
    next: [
      'Check TASK_API_USERNAME and TASK_API_PASSWORD in the pod.',
      'Check whether a proxy takes the Authorization header away.',
    ],
  },
  'auth-refused': {
    title: 'the relay refuses the credentials',
    party: 'site',
    action: 'Check user name, password and collection id against what the relay issued.',
    next: ['Get the relay’s log for this time: it says which of the three is wrong.'],
  },
  'wrong-address': {
    title: 'the address is not one of the relay’s',
    party: 'site',
    action: 'Correct the base URL of the client; the relay knows no such path.',
    next: [
      'TASK_API_BASE_URL has to end in /link_connector_api for today’s relay.',
      'Check that the type suffix (.a, .b) is not set towards a relay.',
    ],
  },
  'access-forbidden': {
    title: 'access is forbidden',
    party: 'network',
    action: 'Let the firewall or balancer in front of the relay pass this client’s requests.',
    next: ['Find the rule that answers 403; the relay itself does not.'],
  },
  'rate-limited': {
    title: 'the relay asks to slow down',
    party: 'site',
    action: 'Poll less often.',
    next: ['Raise POLLING_INTERVAL.', 'Look for a second client behind the same address.'],
  },
  'not-a-task-api': {
    title: 'what answers is not the relay',
    party: 'network',
    action: 'Find out what answers in place of the relay, such as the login page of a proxy.',
    next: ['See the answer from the client’s network: `curl -i https://HOST/…`.'],
  },
  'proxy-502': {
    title: '502, the relay behind the balancer closed the connection or was not there',
    party: 'network',
    action:
      'Let the relay keep connections longer than the balancer’s idle time, and look for restarts at these times.',
    next: [
      'Compare the balancer’s idle time with the relay’s keep-alive time.',
      'Look at the balancer’s log: a target status of `-` means the target never answered.',
    ],
  },
  'proxy-503': {
    title: '503, the balancer has no healthy relay to pass requests to',
    party: 'network',
    action: 'Bring a healthy relay back behind the balancer: pods, readiness probe, target group.',
    next: [
      '`kubectl get pods,endpoints`: is there a ready one?',
      'Look at the balancer’s health checks.',
    ],
  },
  'proxy-504': {
    title: '504, the relay behind the balancer did not answer in time',
    party: 'network',
    action: 'Find out why the relay does not answer within the balancer’s time limit.',
    next: [
      'Compare with the relay’s log and its database at these times.',
      'A held poll must be shorter than the balancer’s time limit.',
    ],
  },
  'proxy-authentication': {
    title: 'the site’s proxy asks for credentials',
    party: 'network',
    action: 'Let the proxy pass the client, or give the client the proxy’s credentials.',
    next: ['Check HTTPS_PROXY and NO_PROXY in the pod.'],
  },
  'client-left': {
    title: 'the client leaves before it is answered',
    party: 'site',
    action: 'Give the client a longer time limit, or find out why answers take so long.',
    next: ['Compare the client’s time limit with the relay’s latency.'],
  },
  'relay-error': {
    title: 'the relay answers with an error of its own',
    party: 'hub',
    action: 'Find the exception in the relay’s log at these times.',
    next: [
      'A collection id that is not a GUID, or with a type suffix (.a, .b), makes today’s relay fail with 500.',
      'Look at the relay’s database and broker.',
    ],
  },
  'relay-restarted': {
    title: 'the relay was restarted',
    party: 'hub',
    action: 'Find out why it restarted.',
    next: ['`kubectl describe pod` and `kubectl logs --previous` of the relay.'],
  },
  'relay-stalled': {
    title: 'the relay stood still',
    party: 'hub',
    action: 'Find out what held up the relay’s process at that time.',
    next: [
      'Look at its machine: paused or moved by its host, out of memory or processor time, a disk that is full or does not answer.',
      'In Kubernetes: `kubectl describe pod` and the node’s events; processor limits that throttle.',
      'Look for another process that froze or swapped the relay out: a backup, a debugger, a snapshot.',
    ],
  },
  slow: {
    title: 'answers are slow',
    party: 'hub',
    action: 'Find out what the relay waits for.',
    next: ['Compare with the times of its database and broker.'],
  },
  'never-seen': {
    title: 'never seen',
    party: 'site',
    action: 'Start the client, or correct its address; nothing of it was seen in this window.',
    next: [
      'Is the client’s pod running?',
      'Ask for its log, and for the way from there to the relay.',
      'Is the name in the list the one the relay knows?',
    ],
  },
  silent: {
    title: 'nothing more was heard',
    party: 'site',
    action: 'Find out whether the client still runs and still reaches the relay.',
    next: ['`kubectl get pods` at the site.', 'Get the client’s log for the time it fell silent.'],
  },
  interrupted: {
    title: 'nothing was heard for a while',
    party: 'site',
    action: 'Look into the client’s own log of that time for the reason.',
    next: ['Run this report again with the client’s log.'],
  },
  flapping: {
    title: 'the link goes down and comes back again and again',
    party: 'network',
    action:
      'Look for something that comes and goes on the way: a failing route, one of several balancer addresses, a pod that restarts.',
    next: [
      'Compare the times with restarts and deployments.',
      'Check every address the relay’s name resolves to.',
    ],
  },
  'two-instances': {
    title: 'two instances poll with one identity',
    party: 'site',
    action: 'Stop one of the two, or give each its own user and collection.',
    next: ['Look for a second deployment, a forgotten container, or more than one replica.'],
  },
  hammering: {
    title: 'polls far too fast',
    party: 'site',
    action: 'Raise the polling interval.',
    next: ['Check POLLING_INTERVAL: 5 s or more.'],
  },
  'unlisted-client': {
    title: 'polls, but is not on the list',
    party: 'operator',
    action: 'Add it to the list, or ask the relay who it is.',
    next: [],
  },
  'client-restarted': {
    title: 'the client was restarted',
    party: 'site',
    action: 'Find out why it restarted.',
    next: ['`kubectl describe pod` and `kubectl logs --previous` of the client.'],
  },
  'clock-skew': {
    title: 'the clocks differ',
    party: 'site',
    action: 'Synchronise the clock (NTP).',
    next: ['`timedatectl` or `chronyc tracking` on the node.'],
  },
  'log-gap': {
    title: 'the log has a gap',
    party: 'operator',
    action: 'Collect the missing lines; what happened in the gap cannot be told.',
    next: ['Check retention and limits of the log collector.'],
  },
  'source-began-late': {
    title: 'the log begins after the window does',
    party: 'operator',
    action: 'Collect the log from before, also that of the pod that ran before this one.',
    next: ['Run this report from where all logs begin.'],
  },
  'source-ended-early': {
    title: 'the log stops before the window ends',
    party: 'operator',
    action: 'Collect the rest of the log, or find out whether the program stopped.',
    next: ['Is the pod still running?'],
  },
  'unreadable-lines': {
    title: 'lines could not be read',
    party: 'operator',
    action: 'Look at the samples; tell us if they are of a known program.',
    next: [],
  },
  'unexplained-errors': {
    title: 'errors this report has no explanation for',
    party: 'hub',
    action: 'Read the quoted lines.',
    next: [],
  },
  'task-not-answered': {
    title: 'tasks went without its answer',
    party: 'site',
    action: 'Look into the client’s log for what became of the task.',
    next: ['Look for errors, restarts and slow statements at the time of the task.'],
  },
  'task-handed-out-again': {
    title: 'a task had to be offered again',
    party: 'site',
    action: 'Look into the client’s log for what became of the task the first time.',
    next: [
      'Look for restarts of the client, and for answers that got lost, at the time of the task.',
      'If its tasks take longer than the relay lends them for, raise the relay’s lease time.',
    ],
  },
  'task-answered-late': {
    title: 'answered after the task had expired',
    party: 'site',
    action: 'Make the client’s database faster, or find out what delayed the answer.',
    next: [
      'Compare the time of the query with the relay’s time limit (4 minutes for availability today).',
    ],
  },
  'task-not-answerable': {
    title: 'could not answer a task',
    party: 'site',
    action: 'Read the reason in the client’s log.',
    next: [],
  },
  'result-rejected': {
    title: 'the relay rejected an answer',
    party: 'site',
    action: 'Read the reason in the relay’s log.',
    next: [],
  },
  'upstream-unreachable': {
    title: 'the upstream cannot be reached',
    party: 'upstream',
    action: 'Bring the Task API back, or the way from the relay to it.',
    next: [
      'Try from the relay’s network: `curl -v` on the upstream’s address.',
      'Check the upstream’s status page.',
    ],
  },
  'upstream-refused': {
    title: 'the upstream refuses the relay',
    party: 'hub',
    action: 'Check the relay’s upstream credentials, collection and address.',
    next: ['Compare them with what the upstream issued.'],
  },
  'upstream-suspension': {
    title: 'the upstream suspends the collection',
    party: 'hub',
    action:
      'Let availability polls (type a) reach the upstream again: 30 minutes without one suspend the collection.',
    next: ['Look at why the polls fail or have stopped.'],
  },
  'submission-failing': {
    title: 'results cannot be submitted',
    party: 'upstream',
    action: 'Find out why the upstream does not take results.',
    next: ['Give the upstream the times and the task ids quoted here.'],
  },
  'broker-stopped': {
    title: 'the broker went down',
    party: 'hub',
    action: 'Find out who or what stopped the broker, and see that it is up again.',
    next: [
      '`kubectl describe pod` and `kubectl logs --previous` of the broker: a deployment, an eviction, a node that was drained?',
      'Without a word of stopping it was killed: look for too little memory (OOMKilled) and for a failing liveness probe.',
    ],
  },
  'broker-refused': {
    title: 'the broker cannot be reached',
    party: 'hub',
    action: 'Bring the broker back, or the way from the relay to it.',
    next: [
      'Is the broker’s pod running and ready?',
      'Check host and port in the relay’s connection string.',
    ],
  },
  'broker-auth-failed': {
    title: 'the broker refuses the login',
    party: 'hub',
    action:
      'Give the relay a user, a password and a virtual host that the broker knows and that go together.',
    next: [
      '`rabbitmqctl list_users`, `rabbitmqctl list_vhosts`, `rabbitmqctl list_permissions -p VHOST`.',
    ],
  },
  'broker-heartbeat-lost': {
    title: 'the broker missed heartbeats',
    party: 'hub',
    action: 'Find out what holds up the relay or the network between it and the broker.',
    next: [
      'Look for a relay that is short of CPU.',
      'Look for a firewall that drops idle connections.',
    ],
  },
  'broker-connection-lost': {
    title: 'broker connections are cut off',
    party: 'hub',
    action:
      'Find out who ends them: a relay that is killed, an operator, or a network that cuts connections.',
    next: [
      'Look for restarts of the relay at these times.',
      'Look for a firewall or balancer between relay and broker that ends idle connections.',
    ],
  },
  'broker-operation-refused': {
    title: 'the broker refuses what the relay asks for',
    party: 'hub',
    action:
      'Read the quoted lines: what the relay wants of a queue is not what the broker has or allows.',
    next: [
      'precondition_failed: the queue was made with other settings; delete it while it is empty, the relay makes it anew.',
      'access_refused: `rabbitmqctl list_permissions -p VHOST`.',
    ],
  },
  'broker-resource-alarm': {
    title: 'the broker has raised a resource alarm and blocks publishers',
    party: 'hub',
    action: 'Give the broker memory or disk.',
    next: ['`rabbitmq-diagnostics alarms`, `rabbitmq-diagnostics memory_breakdown`.'],
  },
  'broker-connection-churn': {
    title: 'a broker connection is opened and closed for every poll',
    party: 'hub',
    action: 'Nothing to repair. A relay that keeps its connection would be faster.',
    next: [],
  },
  'broker-port-probe': {
    title: 'something knocks at the broker’s port and does not log in',
    party: 'none',
    action: 'Nothing to do: a port probe.',
    next: [],
  },
  'database-slow': {
    title: 'the database is slow',
    party: 'hub',
    action: 'Find out what slows the relay’s database.',
    next: ['Look at its load, locks and disk at these times.'],
  },
  'database-failing': {
    title: 'the database fails',
    party: 'hub',
    action: 'Bring the relay’s database back.',
    next: ['Is it running, reachable, and not out of connections or disk?'],
  },
  'cdm-failing': {
    title: 'the client’s own database fails',
    party: 'site',
    action: 'Bring the database with the CDM back for the client.',
    next: ['Check host, user and schema in the client’s settings.'],
  },
  'health-probe': {
    title: 'probes without credentials are expected',
    party: 'none',
    action: 'Nothing to do.',
    next: [],
  },
  'probe-failing': {
    title: 'health probes fail',
    party: 'hub',
    action:
      'Find out why the relay calls itself unhealthy; the platform restarts it or takes it out of service.',
    next: ['Today’s relay only checks its database in /healthz.'],
  },
}
