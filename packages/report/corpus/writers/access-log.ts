import type { BalancerEvent } from '../world/journal.ts'
import { two } from './log-line.ts'
import type { LogLine } from './log-line.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** AWS Application Load Balancer. */
export function writeAlb(events: readonly BalancerEvent[]): LogLine[] {
  return events.map((event) => {
    const { at, client, elb, target, ms } = event
    const stamp = `${new Date(Math.floor(at)).toISOString().slice(0, 23)}${String(Math.floor((at % 1) * 1000)).padStart(3, '0')}Z`
    const times = target === undefined ? '-1 -1 -1' : `0.001 ${(ms / 1000).toFixed(3)} 0.000`
    const to = target === undefined && elb === 503 ? '-' : '10.0.0.4:8080'
    const text = `https ${stamp} app/relay-lb/50dc6c495c0c9188 ${client}:${20_000 + (Math.floor(at) % 30_000)} ${to} ${times} ${elb} ${target ?? '-'} 310 120 "${event.method} https://relay.example.org:443${event.path} HTTP/1.1" "python-requests/2.34.2" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/relay/73e2d6bc24d8a067 "Root=1-58337281-1d84f3d73c47ec4e58577259" "relay.example.org" "arn:aws:acm:eu-west-2:123456789012:certificate/12345678" 1 ${stamp} "forward" "-" "-" "10.0.0.4:8080" "${target ?? '-'}" "-" "-"`
    return { at, lines: [text] }
  })
}

/** NGINX ingress. */
export function writeNginx(events: readonly BalancerEvent[]): LogLine[] {
  return events.map(({ at, client, method, path, elb, target, ms }) => {
    const day = new Date(at)
    const stamp = `${two(day.getUTCDate())}/${MONTHS[day.getUTCMonth()] ?? ''}/${day.getUTCFullYear()}:${day.toISOString().slice(11, 19)} +0000`
    const seconds = (ms / 1000).toFixed(3)
    const upstream =
      target === undefined ? '10.0.0.4:8080 0 - 502' : `10.0.0.4:8080 0 ${seconds} ${target}`
    return {
      at,
      lines: [
        `${client} - - [${stamp}] "${method} ${path} HTTP/1.1" ${elb} 0 "-" "python-requests/2.34.2" 310 ${seconds} [hub-relay-8080] [] ${upstream} 6f1e9c1a`,
      ],
    }
  })
}
