import type { TaskApiError } from '@warren/task-api'

/** Advice to the site on a failed poll. `undefined` if only the relay operator can act. */
export function adviceFor(error: TaskApiError): string | undefined {
  switch (error.status) {
    case 401:
      return 'the relay rejects the credentials: check TASK_API_USERNAME, TASK_API_PASSWORD and that COLLECTION_ID belongs to this user'
    case 403:
      return 'the relay accepts the credentials but denies access: ask its operator whether this node is active, and whether it requires a client certificate (TASK_API_CLIENT_CERT_FILE)'
    case 404:
      return 'the relay does not serve this URL: check the path of TASK_API_BASE_URL and COLLECTION_ID'
    case undefined:
    default:
  }
  if (error.code === 'RESPONSE_TOO_LARGE' || error.code === 'RESPONSE_TOO_COMPLEX') {
    return 'the relay sent a task that is too large to read: ask its operator which task this is'
  }
  if (error.kind === 'invalid-response') {
    return 'something other than a relay answered: check TASK_API_BASE_URL and any proxy in between'
  }
  if (error.code === 'PROXY_407') {
    return 'the proxy requires a login: set user name and password in HTTPS_PROXY, as in http://user:password@proxy.example.org:3128'
  }
  if (error.code === 'TLS_HANDSHAKE_CLOSED') {
    return 'the server, or a load balancer or proxy in front of it, ends TLS handshakes: send this line to the relay operator'
  }
  if (
    /^TLS_.*(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE)$/.test(error.code)
  ) {
    return 'the relay does not accept this client: check TASK_API_CLIENT_CERT_FILE and TASK_API_CLIENT_KEY_FILE'
  }
  if (error.code === 'TLS_CERT_HAS_EXPIRED') {
    return 'the certificate of the relay has expired, or the clock of this machine is wrong: check the clock, then ask the relay operator'
  }
  if (/^TLS_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/.test(error.code)) {
    return 'the server does not use TLS: check the port of TASK_API_BASE_URL, or use an http URL with TASK_API_ENFORCE_HTTPS=false'
  }
  return error.code.startsWith('TLS')
    ? 'the certificate is not trusted: check the host name in TASK_API_BASE_URL, the clock of this machine, and set TASK_API_CA_FILE if a private authority signed it'
    : undefined
}
