/**
 * Every event the hub logs, by its constant message, and what it is for. In JSON these are the `msg` of a line; a
 * test holds this list equal to the sources. Fields that stand for the same thing have the same name everywhere:
 * `taskId` (the upstream's uuid), `subtaskId`, `node` (its id), `user` (its user name), `upstream`, `requestId`.
 */
export const RELAY_LOG_EVENTS = {
  'relay started': 'version, host, port, store, queue, upstreams',
  'relay stopping': 'signal, drainTimeoutMs',
  'relay stopped': '',
  'waiting for the database': 'store, detail, retryInMs: the database is down at start',

  'request completed':
    'requestId, method, path, status, durationMs, heldMs?, user?, node?; debug for an empty poll and a probe, 499 when the client left first',
  'request failed': 'requestId, err: a defect of ours, answered 500',
  'request rejected': 'requestId, code, detail: answered 503',
  'credentials validated': 'user, requestId',
  'authentication failed': 'reason, user?, collection?, path, requestId',
  'link summary': 'link, polls by outcome, p50Ms, p95Ms, maxMs, periodMs: once a minute and link',
  'duplicate workers on node':
    'user, node, periodMs: processes that call themselves differently (X-Worker-Id) take turns; once a minute while it lasts',
  'dependency summary':
    'dependency (database, broker), technology, checks by outcome, state, detail?, p50Ms, p95Ms, maxMs, periodMs: what the hub found when it asked every ten seconds, once a minute; for the broker also connectedSince?, and in that minute connections, published, fetched, failed',

  'task received': 'taskId, kind, upstream',
  'task unreadable': 'upstream, problems: nothing to answer to',
  'task admitted': 'taskId, nodes',
  'task redelivered': 'taskId, state',
  'task handed out': 'taskId, subtaskId, node, attempt, requestId',
  'result stored': 'taskId, subtaskId, node, status, requestId',
  'result late': 'taskId, subtaskId, node, status, requestId',
  'result rejected': 'node, requestId, reason',
  'lease returned': 'taskId, subtaskId, node, attempt, exhausted',
  'task expired': 'taskId, kind, missing, users (those that did not answer), deadlineMs',
  'task settled': 'taskId, asked, answered, failed, late',

  'result partly unusable': 'a file or row of a node that could not be added up',
  'results cannot be combined': 'the task is settled with an error',
  'task not settled, retrying': 'tried again by the next sweep',
  'tasks deleted': 'forgotten; debug',
  'sweep failed': 'step, err',
  'sweep postponed': 'step, detail: the store is down; debug',
  'upkeep failed': 'job, err: tried again; debug',

  'polling started': 'upstream: this hub is the one that polls it',
  'polling stopped': 'upstream',
  'upstream poll answered': 'upstream, type, status, durationMs, requestId?',
  'upstream poll failed': 'upstream, type, kind, code, status?, detail, durationMs, retryInMs',
  'task not stored, retrying': 'upstream, err, retryInMs: the store is down, the task is held',
  'task lost': 'upstream, err: it could not be stored in time',
  'submitting result': 'taskId, upstream, attempt',
  'result submitted': 'taskId, upstream, attempt, outcome, status, requestId, durationMs',
  'submission failed':
    'taskId, upstream, attempt, kind, code, status?, requestId, detail, retryInMs',
  'submission abandoned': 'taskId, upstream?, reason',
  'submission not recorded': 'taskId, upstream, attempt, err: it will be delivered once more',
  'cannot read pending submissions': 'upstream, err, retryInMs',

  'database unavailable': 'code, detail: once, however many requests fail',
  'database recovered': '',
  'database notifications interrupted': 'the listening connection broke: caches are not trusted',
  'queue unavailable': 'detail',
  'queue recovered': '',
  'publish failed': 'err: the next sweep publishes again',
  'publish postponed': 'detail, subtasks; debug',

  'declared user added': 'user',
  'declared user removed': 'user',
  'declared user has a new password': 'user',
  'declared user has no node': 'user',
  'declared node added': 'user, node',
  'declared node removed': 'user, node',
} as const
