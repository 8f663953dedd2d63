/**
 * The words of the log lines that the programs of a network are known to write. A quoted line keeps no other words. To have more of a
 * line quoted, add its constant text here, without the values it contains.
 */
const KNOWN_LINES = `
Python bunny:
Sending get request to with data None and kwargs. Sending post request to link_connector_api task nextjob result.
Response Status. Response Text. Job saved. No task found. Looking for task. Task received. Resolving. Task resolved.
Processing query. Solved availability query. Solved distribution query. Executing SQL query. Connecting to database.
Polling for tasks. Starting Bunny version. Settings. Network error occurred while posting results. Failed to post. Trying again.
Client Error. Server Error. Unauthorized for url. Internal Server Error. Bad Gateway. Service Temporarily Unavailable.
Gateway Time-out. Gateway Timeout. Not Found. Forbidden. Too Many Requests. Bad Request. Proxy Authentication Required.
Max retries exceeded with url. Caused by. Failed to resolve. Name or service not known. Temporary failure in name resolution.
nodename nor servname provided. No address associated with hostname. No such host is known. Failed to establish a new connection.
Connection refused. Connection to timed out. connect timeout. read timeout. Read timed out. No route to host. Network is unreachable.
certificate verify failed: certificate has expired. self-signed certificate in certificate chain. self signed.
unable to get local issuer certificate. Hostname mismatch, certificate is not valid for. certificate is not yet valid.
wrong version number. handshake failure. EOF occurred in violation of protocol. unexpected eof while reading. unknown ca. alert.
Connection aborted. Remote end closed connection without response. Connection reset by peer. Connection broken. Broken pipe. Errno.
Tunnel connection failed. Unable to connect to proxy. Cannot connect to proxy. Response ended prematurely. incomplete read.
Expecting value line column char. Extra data. validation error for. Invalid task input. Invalid query type. Not implemented.
Error solving task. Result of task was refused with status. is lost. Saved results to. Returning cached distribution result.
Cache refresh completed. What to do. HTTPS is not used for the task API. This is not recommended in production environments.
Unsupported. Retry. Traceback most recent call last. File line in module. During handling of the above exception, another exception occurred.
urllib3 connection pool requests exceptions adapters object at host port HTTPSConnectionPool HTTPConnectionPool NewConnectionError
NameResolutionError ConnectTimeoutError ReadTimeoutError MaxRetryError SSLError SSLCertVerificationError CertificateError ssl.c SSL
CERTIFICATE_VERIFY_FAILED ProxyError RemoteDisconnected ConnectionResetError ProtocolError OSError HTTPError TimeoutError JSONDecodeError
ValueError TypeError KeyError AttributeError IndexError RuntimeError ValidationError RetryError OperationalError ProgrammingError DatabaseError
IntegrityError DataError InterfaceError InternalError StatementError psycopg psycopg2 errors sqlalchemy pydantic tenacity Future state finished raised
ConnectionError ConnectionRefusedError BrokenPipeError ChunkedEncodingError IncompleteRead MemoryError KeyboardInterrupt SystemExit gaierror
Error handling task. Exiting. Shutting down. Received signal. Killed. Out of memory.
.NET relay:
Credentials validated for Client. Credentials failed validation for Client. Invalid password for client. User not found.
collectionId is not valid for clientId. Basic was not authenticated. Failure message. Missing Authorization Header. Invalid Authorization Header.
Too many failed logins of Client. HTTP responded in ms. Executed DbCommand. Failed executing DbCommand.
Parameters CommandType Text CommandTimeout DbType Guid String Int32 DateTime. Task retrieved AvailabilityJob CollectionAnalysisJob.
Submitting Results for. Successfully submitted results for. Finding Tasks that are expiring. Task has reached the expiry threshold of. Completing.
Task submission failed with. Retrying in seconds. Polling the upstream queue failed. Upstream poll of. Response status code does not indicate success.
Waiting seconds before resuming polling. Now listening on. Application started. Press Ctrl C to shut down. Application is shutting down.
Hosting environment. Content root path. Hosting failed to start. An unhandled exception has occurred while executing the request.
An error occurred using the connection to database on server. Connection id. Request id. Fetch Next Job Endpoint Request failed. There are no subnodes configured.
Failed to connect to. None of the specified endpoints were reachable. The SSL connection could not be established, see inner exception.
The operation has timed out. A task was canceled. The request was canceled due to the configured HttpClient Timeout of elapsing.
Unrecognized Guid format. The connection pool has been exhausted, either raise Max Pool Size currently or Timeout currently.
Exception while reading from stream. Exception while writing to stream. Unable to read data from the transport connection.
An established connection was aborted by the software in your host machine. An existing connection was forcibly closed by the remote host.
No connection could be made because the target machine actively refused it. Object reference not set to an instance of an object.
The given key was not present in the dictionary. Unexpected character encountered. Collection was modified. Value cannot be null.
The transaction has been aborted. A second operation was started on this context instance before a previous operation completed.
System Net Http Sockets Security Authentication IO Threading Tasks Collections Generic Text Json Serialization Runtime CompilerServices Guid Parse
HttpRequestException SocketException IOException InvalidOperationException ArgumentException ArgumentNullException NullReferenceException FormatException
TimeoutException TaskCanceledException OperationCanceledException ObjectDisposedException AuthenticationException KeyNotFoundException NotSupportedException
AggregateException OutOfMemoryException JsonException DbUpdateException DbUpdateConcurrencyException RetryLimitExceededException NpgsqlException PostgresException
BrokerUnreachableException ConnectFailureException AuthenticationFailureException AlreadyClosedException OperationInterruptedException PossibleAuthenticationFailureException
Npgsql Internal Connector Microsoft EntityFrameworkCore Storage RelationalConnection RelationalCommand Database Command AspNetCore Hosting Lifetime Server Kestrel Serilog
RequestLoggingMiddleware Middleware RabbitMQ Client Exceptions Relay Services UpstreamTaskPoller TaskCompletionService ResultsService RabbitQueues Auth Basic BasicAuthHandler
OpenInternalAsync InvokeAsync ExecuteReaderAsync SaveChangesAsync MoveNext AuthenticateAsync HandleAuthenticateAsync CancellationToken cancellationToken Boolean async
End of inner exception stack trace. at. --- --->. Unknown. Severity SqlState MessageText Detail Hint File Routine Position redacted as it may contain sensitive data.
Specify Include Error Detail in the connection string to include this information.
RabbitMQ:
accepting AMQP connection. closing AMQP connection. Error on AMQP connection. user authenticated and granted access to vhost. vhost state running starting opening.
PLAIN login refused. invalid credentials. access to vhost refused for user. vhost not found. is down. connection limit is reached. user limit is reached.
missed heartbeats from client, timeout. client unexpectedly closed TCP connection. connection_closed_abruptly. memory disk resource limit alarm set on node. alarm cleared on node.
Publishers will be blocked until this alarm clears. Application syslog exited with reason stopped. Logging configured log handlers are now ACTIVE.
Starting RabbitMQ on Erlang jit. started TCP listener. stopped TCP listener. started TLS SSL listener. Server startup complete plugins started.
SIGTERM received shutting down. Closing all connections in because the is stopping. operation none caused a connection exception connection_forced channel.
broker forced connection closure with reason shutdown. maintenance. upgrade. bad_header bad_version handshake_timeout handshake inet_error socket_error writer send_failed heartbeat_send_error enotconn
precondition_failed not_found access_refused resource_locked not_allowed queue exchange declare publish consume basic get delete.
memory_breakdown. high watermark. free disk space is insufficient free bytes limit. used allowed. credential has expired. AMQPLAIN EXTERNAL mechanism. HTTP GET request detected.
TLS client detected. did not start with AMQP. failed to negotiate connection parameters. rabbit rabbitmq broker crash report supervisor errorContext shutdown_error child_terminated.
has joined cluster. node up. node down. Memory limit. Disk free limit. vm_memory_high_watermark. Mnesia khepri partition. undefined duration.
PostgreSQL:
LOG FATAL PANIC ERROR WARNING DETAIL HINT STATEMENT CONTEXT QUERY. database system is ready to accept connections. database system is shut down. starting PostgreSQL on.
database system was shut down at. database system was interrupted. database system was not properly shut down, automatic recovery in progress. redo starts. listening on IPv4 IPv6 address Unix socket.
received fast shutdown request. received smart shutdown request. checkpoint starting complete. connection received. connection authorized. connection authenticated identity method. disconnection session time.
password authentication failed for user. no pg_hba.conf entry for host database SSL off on. role does not exist. database does not exist. relation does not exist. column does not exist.
permission denied for table schema relation. the database system is starting up. the database system is shutting down. the database system is in recovery mode.
sorry, too many clients already. remaining connection slots are reserved for non-replication superuser connections. roles with attribute. too many connections for role.
terminating connection due to administrator command. terminating connection because of crash of another server process. terminating connection due to idle-in-transaction timeout.
canceling statement due to statement timeout. canceling statement due to user request. canceling statement due to lock timeout. canceling authentication due to timeout. deadlock detected. out of memory. out of shared memory.
No space left on device. could not extend file. could not write to file. could not open file. could not fsync file. could not receive data from client. could not send data to client. could not accept SSL connection.
unexpected EOF on client connection with an open transaction. connection to client lost. incomplete startup packet. unsupported frontend protocol. no PostgreSQL user name specified in startup packet.
server process was terminated by signal. terminating any other active server processes. all server processes terminated. reinitializing. archive command failed. autovacuum. still waiting for lock after.
duplicate key value violates unique constraint. violates foreign key constraint. violates not-null constraint. violates check constraint. null value in column of relation. Key already exists. is not present in table. Failing row contains.
invalid input syntax for type integer bigint numeric date timestamp uuid boolean json. value too long for type character varying. value out of range. date time field. syntax error at or near. current transaction is aborted, commands ignored until end of transaction block.
cannot execute INSERT in a read-only transaction. could not serialize access due to concurrent update. execute prepared bind parse unnamed. replication slot streaming standby primary WAL timeline.
SELECT FROM WHERE INSERT INTO VALUES UPDATE SET DELETE JOIN LEFT INNER ON AND OR NOT NULL IS IN AS ORDER BY GROUP LIMIT OFFSET COUNT DISTINCT UNION EXISTS BEGIN COMMIT ROLLBACK COPY stdin.
AspNetUsers RelayTasks RelaySubTasks SubNodes NormalizedUserName UserName AccessFailedCount ConcurrencyStamp PasswordHash Id SubNodesId Collection CompletedAt CreatedAt Type Result RelayTaskId OwnersId ApplicationUserSubNode
Load balancers:
GET POST PUT HEAD PATCH OPTIONS CONNECT healthz livez readyz forward waf fixed-response redirect elb app arn aws acm elasticloadbalancing targetgroup loadbalancer Root TLSv1 ECDHE RSA AES GCM SHA
upstream prematurely closed connection while reading response header from upstream. upstream timed out. no live upstreams while connecting to upstream. connect failed. client closed connection while waiting for request.
client server request upstream host referrer. recv failed. SSL_do_handshake failed. peer closed connection in SSL handshake. Operation timed out. client intended to send too large body.
via_upstream upstream_reset_before_response_started connection_failure connection_termination no_healthy_upstream no_route response_code_details outbound inbound passthrough UF UH UT UC UR NR DC
python requests Mozilla curl kube-probe ELB HealthChecker
Kubernetes:
OOMKilled BackOff back-off restarting failed container in pod. Liveness Readiness Startup probe failed. Unhealthy. FailedScheduling. CrashLoopBackOff. ImagePullBackOff. Evicted. Terminating.
Warren:
info notice debug warning critical alert emergency. pod container namespace cluster stream stdout stderr timestamp date fields labels. Microseconds.
time level msg component hostname requestId since status durationMs heldMs user node path method kind code detail taskId subtaskId reason cause attempt link polls emptyPolls
p50Ms p95Ms maxMs periodMs waitMs type upstream version relay count database store queue collection nodes missing users deadlineMs late asked address answered err retryInMs url pid dependency technology checks state
hint advice omitted byKind from signal drainTimeoutMs bytes skewMs stack message name failed settled partial outcome exhausted connectedSince connections published fetched folder step job host port proxy change interval seconds works addresses silent healthy
bunny starting. database connecting. bunny started. task api without https. cdm problem. poll sent. poll answered. no task. poll failed. polls still failing. polls recovered. login accepted for polling.
address failing. address recovered. host name unresolved. host name resolved. certificates not replaced. polls not held. link summary. nodes summary. task received. task repeated. task for another collection. database retry.
database unavailable. database recovered. cdm problems solved. task solved. task not answerable. task discarded. task kept for the next start. task queue full. polls for one kind not supported. result submitted.
result submission failed. result rejected. result saved. result lost. outbox restored. tasks restored. outbox failure. outbox recovered. state in memory only. audit record opened. audit failure. policy changed. policy invalid.
similar questions. task held. held task decided. result not sent. cache failure. distribution from cache. distribution cache refreshed. relay started. configuration warning. relay stopping. relay stopped. waiting for the database.
request completed. request failed. request rejected. connections closed by a limit. certificate replaced. credentials validated. authentication failed. log lines omitted. duplicate workers on node. dependency summary. task unreadable.
task admitted. task redelivered. task handed out. result stored. result late. lease returned. task expired. silent nodes not waited for. settling claim lost. task settled. result partly unusable. results cannot be combined.
task not settled, retrying. tasks deleted. sweep failed. sweep postponed. upkeep failed. polling started. polling stopped. upstream poll answered. upstream poll failed. task not stored, retrying. task lost. task spooled. spooled task stored.
submitting result. submission failed. submission abandoned. result too large for the upstream. submission not recorded yet. cannot read pending submissions. database schema not supported. database notifications interrupted. clock skew ended.
queue unavailable. queue recovered. publish failed. publish postponed. declared user added removed. unknown user. wrong password. wrong collection. malformed. availability distribution demographics generic. starting up. shutdown. SIGINT.
see the line. invalid unsupported defect internal capacity cancelled postgresql sqlite duckdb rabbitmq. ok, error, true, false, null. supported and unsupported. not reachable. does not answer. closed the TLS handshake. refused the connection. did not answer within. once, twice, times since UTC works.
ECONNREFUSED ECONNRESET ECONNABORTED ENOTFOUND EAI_AGAIN ETIMEDOUT EHOSTUNREACH ENETUNREACH EPIPE EPROTO ENOSPC EACCES UND_ERR_SOCKET UND_ERR_CONNECT_TIMEOUT UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT CERT_HAS_EXPIRED
DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_GET_ISSUER_CERT_LOCALLY ERR_TLS_CERT_ALTNAME_INVALID socket hang up. other side closed. getaddrinfo. fetch failed. self-signed. expired. untrusted.
`

/** The parts of a word: `HTTPSConnectionPool` is HTTPS, Connection and Pool; `link_connector_api` is link, connector and api. */
export function partsOf(word: string): readonly string[] {
  return word.match(PART) ?? []
}

const PART = /\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{N}+|[^\p{Lu}\p{Ll}\p{N}_]+/gu

/** Parts of known words, in lower case. */
export const KNOWN_PARTS: ReadonlySet<string> = new Set(
  (KNOWN_LINES.match(/[\p{L}\p{N}_]+/gu) ?? [])
    .flatMap(partsOf)
    .filter((part) => !/^\p{N}+$/u.test(part))
    .map((part) => part.toLowerCase()),
)
