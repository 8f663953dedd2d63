/**
 * Every event the hub logs, by its constant message, and what it is for. In JSON these are the `msg` of a line; a
 * test holds this list equal to the sources. Fields that stand for the same thing have the same name everywhere:
 * `taskId` (the upstream's uuid), `subtaskId`, `node` (its id), `client` (its user), `upstream`, `requestId`.
 */
export const RELAY_LOG_EVENTS = {
  'relay started': 'version, host, port, store, queue, upstreams',
  'relay stopping': 'signal, drainTimeoutMs',
  'relay stopped': '',
  'waiting for the store': 'store, detail, retryInMs: the database is down at start',

  'request completed':
    'requestId, method, path, status, durationMs, heldMs?, client?, node?; debug for an empty poll and a probe, 499 when the client left first',
  'request failed': 'requestId, err: a defect of ours, answered 500',
  'request refused': 'requestId, code, detail: answered 503',
  'credentials validated': 'client, requestId',
  'authentication failed': 'reason, client?, collection?, path, requestId',
  'link summary': 'link, polls by outcome, p50Ms, p95Ms, maxMs, windowMs: once a minute and link',
  'several workers poll one node':
    'client, node, windowMs: processes that call themselves differently (X-Worker-Id) take turns; once a minute while it lasts',
  'dependency summary':
    'dependency (database, broker), technology, checks by outcome, state, detail?, p50Ms, p95Ms, maxMs, windowMs: what the hub found when it asked every ten seconds, once a minute; for the broker also connectedSince?, and in that minute connections, published, fetched, failed',

  'task received': 'taskId, kind, upstream',
  'task unreadable': 'upstream, problems: nothing to answer to',
  'task admitted': 'taskId, nodes',
  'task redelivered': 'taskId, state',
  'task handed out': 'taskId, subtaskId, node, attempt, requestId',
  'answer stored': 'taskId, subtaskId, node, status, requestId',
  'answer late': 'taskId, subtaskId, node, status, requestId',
  'answer rejected': 'node, requestId, reason',
  'lease returned': 'taskId, subtaskId, node, attempt, exhausted',
  'task expired': 'taskId, kind, missing, clients (those that did not answer), deadlineMs',
  'task settled': 'taskId, asked, answered, failed, late',

  'answer partly unusable': 'a file or row of a node that could not be added up',
  'answers cannot be added up': 'the task is settled with an error',
  'task cannot be settled': 'tried again by the next sweep',
  'tasks forgotten': 'forgotten; debug',
  'sweep failed': 'step, err',
  'sweep put off': 'step, detail: the store is down; debug',
  'upkeep failed': 'job, err: tried again; debug',

  'polling taken over': 'upstream: this hub is the one that polls it',
  'polling given up': 'upstream',
  'upstream poll answered': 'upstream, type, status, durationMs, requestId?',
  'upstream poll failed': 'upstream, type, kind, code, status?, detail, durationMs, retryInMs',
  'task not taken in yet': 'upstream, err, retryInMs: the store is down, the task is held',
  'task lost': 'upstream, err: it could not be stored in time',
  'submitting result': 'taskId, upstream, attempt',
  'result delivered': 'taskId, upstream, attempt, outcome, status, requestId, durationMs',
  'delivery failed': 'taskId, upstream, attempt, kind, code, status?, requestId, detail, retryInMs',
  'delivery abandoned': 'taskId, upstream?, reason',
  'delivery not recorded': 'taskId, upstream, attempt, err: it will be delivered once more',
  'deliveries cannot be read': 'upstream, err, retryInMs',

  'store unavailable': 'code, detail: once, however many requests fail',
  'store recovered': '',
  'store notices interrupted': 'the listening connection broke: caches are not trusted',
  'queue unavailable': 'detail',
  'queue recovered': '',
  'publishing failed': 'err: the next sweep publishes again',
  'publishing put off': 'detail, subtasks; debug',

  'declared user added': 'client',
  'declared user removed': 'client',
  'declared user has a new password': 'client',
  'declared user has no node': 'client',
  'declared node added': 'client, node',
  'declared node removed': 'client, node',
} as const
