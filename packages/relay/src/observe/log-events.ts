/**
 * Every event that the relay logs, by its constant message (`msg` in JSON), with the time it is logged and its fields. A
 * test holds this list equal to the sources. Fields with the same name have the same meaning everywhere: `taskId` (the
 * upstream's uuid), `subtaskId`, `node` (its collection ID), `user` (its user name), `upstream` (its name), `requestId`.
 */
export const RELAY_LOG_EVENTS = {
  'relay started':
    'The relay accepts requests. Fields: version, host, port, store, queue, upstreams',
  'configuration warning':
    'A secret is short or common, or a variable of the .NET relay has no effect. Fields: variable, detail, hint',
  'relay stopping': 'The relay received a signal and shuts down. Fields: signal, drainTimeoutMs',
  'relay stopped': 'The relay has shut down cleanly.',
  'waiting for the database':
    'The database is unavailable at start. Fields: store, detail, retryInMs',

  'request completed':
    'A request was answered, or its client disconnected first (status 499). Debug for empty polls and health probes. Fields: requestId, method, path, status, durationMs, heldMs?, user?, node?',
  'request failed': 'A defect of the relay, answered with 500. Fields: requestId, err',
  'request rejected': 'A request was answered with 503. Debug. Fields: requestId, code, detail',
  'connections closed by a limit':
    'Clients opened too many connections, sent too many requests at once or stopped reading. Once a minute while it lasts. Fields: reason (total, address, pipelining, stalled), address, closed',
  'certificate replaced': 'The files with the TLS certificate have changed. Fields: expiresAt',
  'certificate not replaced':
    'The files with the TLS certificate have changed and cannot be used, so the certificate before stays in use. Once per change. Fields: detail',
  'credentials validated': 'A login was accepted. Debug. Fields: user, requestId',
  'authentication failed':
    'A login was rejected. Fields: reason, user?, collection?, path, requestId',
  'log lines omitted':
    'Clients caused more lines about failed logins, unknown paths or malformed requests than are logged. Once a minute while it lasts. Fields: omitted (number of lines), byKind (by reason of the failed login, HTTP status, or event), from (addresses and users, at most 10), periodMs',
  'link summary':
    'link, state?, polls by outcome, p50Ms, p95Ms, maxMs, periodMs: for an upstream once a minute; for a node when it starts to poll, falls silent, fails or is slow',
  'nodes summary':
    'nodes, silent, polls by outcome, p50Ms, p95Ms, maxMs, periodMs, emptyPolls: once a minute for all nodes. emptyPolls counts those of each other node since it was last named, of up to 200 nodes in turn',
  'duplicate workers on node':
    'Several processes with different X-Worker-Id poll one node. Once a minute while it lasts. Fields: user, node, periodMs',
  'dependency summary':
    'The checks of the database or the broker in the last minute. Fields: dependency (database, broker), technology, checks (by outcome), state, detail?, p50Ms?, p95Ms?, maxMs?, periodMs, and for a broker connectedSince?, connections, published, fetched, failed',

  'task received': 'A task arrived from an upstream. Fields: taskId, kind, upstream',
  'task unreadable':
    'A task without a uuid was dropped, because no result can be submitted for it. Fields: upstream, problems',
  'task admitted': 'A new task was stored for its nodes. Fields: taskId, nodes',
  'task redelivered': 'The upstream sent a known task again. Fields: taskId, state',
  'task handed out':
    'A node received a subtask. Fields: taskId, subtaskId, node, attempt, requestId',
  'result stored':
    'The result of a node was stored. Fields: taskId, subtaskId, node, status, requestId',
  'result late':
    'The result of a node arrived after its task was settled. Fields: taskId, subtaskId, node, status, requestId',
  'result rejected':
    'The result of a node was malformed, or for a task of another node. Fields: node, subtaskId?, requestId, reason',
  'lease returned':
    'A lease expired before the node answered. Fields: taskId, subtaskId, node, attempt, exhausted',
  'task expired':
    'The deadline passed before every node answered. Fields: taskId, kind, missing, users (those that did not answer), deadlineMs',
  'silent nodes not waited for':
    'A task is settled before its deadline, because only nodes that do not poll had not answered. Fields: taskId, kind, missing, users (those that did not answer)',
  'settling claim lost':
    'Settling a task took longer than its claim, so another relay settles it. Fields: taskId',
  'task settled':
    'The combined result of a task was stored. Fields: taskId, asked, answered, partial (of those that answered), failed, late',

  'result partly unusable':
    'Files or rows of a node could not be combined. Fields: taskId, node, problems, more',
  'results cannot be combined':
    'A defect of the relay. The task is settled with an error. Fields: taskId, err',
  'task not settled, retrying':
    'Settling a task failed. The next sweep retries it. Fields: taskId, err',
  'tasks deleted': 'Old tasks were deleted. Debug. Fields: deleted',
  'sweep failed': 'A step of a sweep failed. The next sweep repeats it. Fields: step, err',
  'sweep postponed':
    'The database is unavailable during a step of a sweep. Debug. Fields: step, detail',
  'upkeep failed': 'A periodic job failed and will be repeated. Debug. Fields: job, err',

  'polling started': 'This relay is the leader and polls the upstream. Fields: upstream',
  'polling stopped': 'This relay is no longer the leader. Fields: upstream',
  'upstream poll answered':
    'The upstream answered a poll. Debug. Fields: upstream, type, status, durationMs, requestId?',
  'upstream poll failed':
    'A poll of the upstream failed. Debug, except the first of each cause. Fields: upstream, type, kind, code, status?, detail, requestId?, err?, durationMs, retryInMs',
  'upstream polls still failing':
    'Polls of the upstream have failed since then. Every ten minutes while it lasts. Fields: upstream, type, kind, code, status?, detail, failures, since',
  'upstream polls recovered':
    'The upstream answers polls again. Fields: upstream, type, failures, since, durationMs',
  'address failing':
    'One of several addresses of the upstream fails while another one answers: once when it begins, then every ten minutes. Fields: upstream, host, address? (absent if a proxy chose it), proxy?, failure, code, count, since, change, works (addresses), detail',
  'address recovered':
    'Such an address works, or no longer belongs to the host name. Fields: as for address failing',
  'host name unresolved':
    'The host name of the upstream cannot be resolved, so the addresses of an earlier lookup are used. Fields: upstream, host, code, count, since, addresses, detail',
  'host name resolved': 'The host name can be resolved. Fields: as for host name unresolved',
  'certificates not replaced':
    'Files with certificates for connections to the upstream have changed and cannot be used. The earlier ones stay in use. Fields: upstream, detail',
  'task not stored, retrying':
    'A received task could not be stored yet. Fields: taskId, upstream, err, retryInMs',
  'task lost':
    'A received task could not be stored at all. If it is in the spool, its file is kept. Fields: taskId (none, if it has no uuid), upstream, err',
  'task spooled':
    'A received task is on disk, because the database is unavailable. It is stored later. Fields: taskId, upstream, err',
  'spooled task stored':
    'A task of the spool was stored. Fields: taskId, upstream, ageMs (time since it was received)',
  'task not spooled':
    'A received task could not be written to the spool. It is stored directly. Fields: taskId, upstream, detail',
  'spool not usable':
    'The relay cannot write to RELAY_SPOOL_DIR. Until the database has stored a task, it is in memory only. Fields: folder, detail',
  'submitting result':
    'An attempt to submit a combined result starts. Fields: taskId, upstream, attempt',
  'result submitted':
    'The upstream accepted a combined result. Fields: taskId, upstream, attempt, outcome, status, requestId, durationMs',
  'submission failed':
    'An attempt to submit a combined result failed and will be repeated. Fields: taskId, upstream, attempt, kind, code, status?, requestId, detail, retryInMs',
  'submission abandoned':
    'A combined result will not be submitted. It is kept as a dead letter. Fields: taskId, upstream?, attempt?, kind?, code?, status?, requestId?, reason',
  'result too large for the upstream':
    'The upstream rejected a combined result for its size. An error result replaces it. Fields: taskId, upstream, attempt, kind, code, status?, requestId, bytes',
  'submission not recorded yet':
    'The outcome of a submission could not be stored, and storing it is retried. Debug. Fields: taskId, upstream, attempt, err, retryInMs',
  'submission not recorded':
    'The outcome of a submission could not be stored, so the result will be submitted again. Fields: taskId, upstream, attempt, err',
  'cannot read pending submissions':
    'The results to submit could not be read. Fields: upstream, err, retryInMs',

  'database unavailable':
    'The database became unavailable. Once per outage, and once more when a reason is known that an operator can remove. Fields: code, detail, hint?',
  'database recovered':
    'The database is available again, for at least 5 s. Once per outage. Fields: durationMs',
  'database file converted':
    'A SQLite file of an early release was rewritten, so that it shrinks after results are deleted. Fields: bytes (before)',
  'database file does not shrink':
    'A SQLite file of an early release could not be rewritten at the start, because it is too large or in use. It works, but keeps its size. Fields: bytes, hint?, detail?',
  'database schema not supported':
    'Another release migrated the database. This relay is not ready and does not poll upstreams. Fields: detail',
  'database schema supported': 'The schema of the database is supported again.',
  'database notifications interrupted':
    'The connection for notifications broke. Until it is back, cached logins are not used. Fields: detail',
  'clock skew':
    'The clock of this machine and that of the database differ by more than 2 s. Once per period. Fields: skewMs (positive if this machine is ahead)',
  'clock skew ended': 'The clocks agree again. Fields: skewMs',
  'queue unavailable':
    'The broker became unavailable. Once per outage. Fields: detail (which broker, and why)',
  'queue recovered': 'The broker is available again.',
  'publish failed':
    'New subtasks could not be published. The next sweep publishes them. Fields: err',
  'publish postponed':
    'The broker is unavailable. The next sweep publishes the subtasks. Debug. Fields: detail, subtasks',

  'declared user added': 'A user of the configuration was added. Fields: user',
  'declared user removed':
    'A user was removed because it is no longer in the configuration. Fields: user',
  'declared password not updated':
    'user, err: its logins use the stored password; the next start tries again',
  'declared users are not in the configuration':
    'Declared users stay although the configuration does not have them any more. Fields: users, more, hint',
  'users of the .NET relay not imported':
    'The database has tables of a .NET relay with users, and no user of this relay, so every node gets 401. Fields: hint',
  'declared user has a new password':
    'The password of a user changed in the configuration. Fields: user',
  'declared user has no node': 'A user of the configuration has no nodes. Fields: user',
  'declared node added': 'A node of the configuration was added. Fields: user, node',
  'declared node removed':
    'A node was removed because it is no longer in the configuration. Fields: user, node',
} as const
