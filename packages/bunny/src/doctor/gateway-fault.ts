import { serverOf, type Answer } from './connect.ts'
import { CLIENT_CERTIFICATE_ADVICE } from './connection-problem.ts'
import { failed, type Finding } from './step.ts'

const GATEWAYS =
  /\b(awselb|nginx|openresty|envoy|istio-envoy|haproxy|traefik|caddy|cloudflare|akamai\w*|fastly|varnish|apache|squid|big-?ip|microsoft-azure-application-gateway|google frontend|gws)\b/i
const GATEWAY_BODY =
  /no healthy upstream|upstream connect error|<center>\s*(?:nginx|openresty)|no server is available to handle|bad gateway|gateway time-?out|503 service temporarily unavailable|default backend/i

/** Which side answered with 502, 503 or 504: the balancer or proxy in front, or the relay itself. */
export function gatewaySide(answer: Answer): 'relay' | 'gateway' | 'unknown' {
  const { headers, body } = answer
  if (
    /"code"\s*:\s*"RELAY_[A-Z_]+"/.test(body) ||
    /^\s*"?(?:Unhealthy|Degraded)"?\s*$/i.test(body)
  ) {
    return 'relay'
  }
  if (/^kestrel/i.test(serverOf(answer))) return 'relay'
  if (GATEWAYS.test(serverOf(answer)) || headers.via !== undefined) return 'gateway'
  if (GATEWAY_BODY.test(body) || /^\s*<(?:!doctype|html)/i.test(body)) return 'gateway'
  return 'unknown'
}

const MEANING: Readonly<Record<number, string>> = {
  502: 'the relay behind it closed the connection or sent no valid response',
  503: 'no relay behind it is healthy',
  504: 'the relay behind it did not answer in time',
}

const RELAY_OPERATOR = 'Only the operator of the relay can act'

/** nginx completes the handshake without a client certificate, and then answers every request with this page. */
export function certificateFault({ status, body }: Answer): Finding | undefined {
  if (status !== 400 || !/SSL certificate (?:was sent|error)/i.test(body)) return undefined
  return failed(
    /error/i.test(/SSL certificate \w+/i.exec(body)?.[0] ?? '')
      ? 'the load balancer does not accept the client certificate (400)'
      : 'the load balancer requires a client certificate (400)',
    CLIENT_CERTIFICATE_ADVICE,
  )
}

/** Undefined for any other status. */
export function gatewayFault(answer: Answer): Finding | undefined {
  const { status } = answer
  const meaning = MEANING[status]
  if (meaning === undefined) return undefined
  const server = GATEWAYS.exec(serverOf(answer))?.[0]
  const side = gatewaySide(answer)
  if (side === 'relay') {
    return failed(
      `the relay answers ${status}: it runs but is not ready`,
      `${RELAY_OPERATOR}: ask for /readyz of the relay, which names the part that is down.`,
    )
  }
  if (side === 'gateway') {
    const name = server === undefined ? 'the load balancer' : `the load balancer (${server})`
    return failed(
      `${name} answers ${status}: ${meaning}`,
      `${RELAY_OPERATOR}: the way to the load balancer works, and the way from it to the relay does not.`,
    )
  }
  return failed(
    `the answer is ${status}, without a sign whether the load balancer or the relay gave it`,
    `${RELAY_OPERATOR}: ask for the log of the load balancer at this time. If it has no such line, the relay answered.`,
  )
}
