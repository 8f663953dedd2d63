import { describe, expect, it } from 'vitest'
import { causeOfStatus, networkCause } from '../../src/formats/network-cause.ts'

const POOL = "HTTPSConnectionPool(host='relay.example.org', port=443)"

describe('the network failure in an error text', () => {
  it.each([
    [
      'name-resolution',
      `${POOL}: Max retries exceeded with url: /x (Caused by NameResolutionError("...: Failed to resolve 'relay.example.org' ([Errno -2] Name or service not known)"))`,
    ],
    ['name-resolution', '[Errno -3] Temporary failure in name resolution'],
    ['name-resolution', 'ENOTFOUND getaddrinfo ENOTFOUND relay.example.org'],
    [
      'name-resolution',
      'System.Net.Http.HttpRequestException: Name or service not known (upstream:443)',
    ],
    [
      'connection-refused',
      "(Caused by NewConnectionError('...: Failed to establish a new connection: [Errno 111] Connection refused'))",
    ],
    ['connection-refused', 'connect ECONNREFUSED 10.0.0.1:443'],
    [
      'connect-timeout',
      "(Caused by ConnectTimeoutError(..., 'Connection to relay.example.org timed out. (connect timeout=None)'))",
    ],
    ['connect-timeout', 'Failed to establish a new connection: [Errno 113] No route to host'],
    ['connect-timeout', 'CONNECT_TIMEOUT no connection within 10 s'],
    ['read-timeout', `${POOL}: Read timed out. (read timeout=30)`],
    [
      'read-timeout',
      'The request was canceled due to the configured HttpClient.Timeout of 100 seconds elapsing.',
    ],
    [
      'tls-expired',
      "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1010)'))",
    ],
    ['tls-expired', 'TLS_CERT_HAS_EXPIRED TLS with relay.example.org failed (CERT_HAS_EXPIRED)'],
    [
      'tls-untrusted',
      'certificate verify failed: unable to get local issuer certificate (_ssl.c:1010)',
    ],
    ['tls-untrusted', 'TLS_DEPTH_ZERO_SELF_SIGNED_CERT'],
    [
      'tls-untrusted',
      'The remote certificate is invalid because of errors in the certificate chain: PartialChain',
    ],
    [
      'tls-wrong-name',
      "certificate verify failed: Hostname mismatch, certificate is not valid for 'relay.example.org'.",
    ],
    ['tls-wrong-name', 'TLS_CERT_ALTNAME_INVALID'],
    [
      'tls-failed',
      "SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1010)'))",
    ],
    [
      'connection-closed',
      "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))",
    ],
    ['connection-closed', 'ECONNRESET'],
    [
      'proxy-authentication',
      "ProxyError('Unable to connect to proxy', OSError('Tunnel connection failed: 407 Proxy Authentication Required'))",
    ],
    ['not-a-task-api', 'Expecting value: line 1 column 1 (char 0)'],
  ] as const)('%s: %s', (cause, text) => {
    expect(networkCause(text)).toEqual({ cause })
  })

  it('uses the status of an HTTP response', () => {
    expect(
      networkCause('401 Client Error: Unauthorized for url: https://relay.example.org/x'),
    ).toEqual({
      cause: 'auth-refused',
      status: 401,
    })
    expect(
      networkCause('502 Server Error: Bad Gateway for url: https://relay.example.org/x'),
    ).toEqual({
      cause: 'proxy-502',
      status: 502,
    })
    expect(
      networkCause('Response status code does not indicate success: 503 (Service Unavailable).'),
    ).toEqual({
      cause: 'proxy-503',
      status: 503,
    })
  })

  it('is undefined for an unknown text', () => {
    expect(networkCause('something else went wrong on port 443')).toBeUndefined()
  })

  it('exists for every status of 400 and above', () => {
    for (let status = 400; status < 600; status++) expect(causeOfStatus(status)).toMatch(/^[a-z]/)
    expect(causeOfStatus(504)).toBe('proxy-504')
    expect(causeOfStatus(500)).toBe('relay-error')
  })
})
