import type { Fact, FactOf } from '../simulation/facts.ts'
import { accessStamp, microStamp } from './clock-text.ts'
import { RELAY_ADDRESS, RELAY_HOST } from './written-line.ts'
import type { WrittenLine } from './written-line.ts'

const ACCOUNT = 'arn:aws:elasticloadbalancing:eu-west-2:123456789012'

/** Access log of an AWS Application Load Balancer. */
export function writeAlb(facts: readonly Fact[]): WrittenLine[] {
  return passed(facts).map((fact) => {
    const { time, from, port, method, path, agent, status, targetStatus, targetMs, bytes } = fact
    const reached = targetStatus !== undefined
    // The load balancer logs the address of a target that closed the connection, but not of one that does not exist.
    const target = reached || status !== 503 ? `${RELAY_ADDRESS}:8080` : '-'
    const times = reached ? `0.000 ${(targetMs / 1000).toFixed(3)} 0.000` : '-1 -1 -1'
    const trace = `Root=1-${Math.floor(time / 1000).toString(16)}-${port.toString(16).padStart(24, '0')}`
    const text = [
      'https',
      microStamp(time),
      'app/hub-alb/50dc6c495c0c9188',
      `${from}:${port}`,
      target,
      times,
      status,
      targetStatus ?? '-',
      412,
      bytes,
      `"${method} https://${RELAY_HOST}:443${path} HTTP/1.1"`,
      `"${agent}"`,
      'ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2',
      `${ACCOUNT}:targetgroup/relay/73e2d6bc24d8a067`,
      `"${trace}" "${RELAY_HOST}" "arn:aws:acm:eu-west-2:123456789012:certificate/12345678"`,
      `0 ${microStamp(time - Math.max(0, targetMs))} "forward" "-" "-"`,
      `"${target}" "${targetStatus ?? '-'}" "-" "-"`,
    ].join(' ')
    return { time, text }
  })
}

/** Access log of an NGINX ingress: "combined" with the fields that the controller adds. */
export function writeNginx(facts: readonly Fact[]): WrittenLine[] {
  return passed(facts).map((fact) => {
    const { time, from, method, path, agent, status, targetStatus, targetMs, bytes, port } = fact
    const seconds = (Math.max(0, targetMs) / 1000).toFixed(3)
    const upstream =
      targetStatus === undefined
        ? `${RELAY_ADDRESS}:8080 0 0.000 ${status}`
        : `${RELAY_ADDRESS}:8080 ${bytes} ${seconds} ${targetStatus}`
    const text = `${from} - - [${accessStamp(time)}] "${method} ${path} HTTP/1.1" ${status} ${bytes} "-" "${agent}" 412 ${seconds} [hub-relay-8080] [] ${upstream} ${port.toString(16).padStart(32, '0')}`
    return { time, text }
  })
}

function passed(facts: readonly Fact[]): FactOf<'passed'>[] {
  return facts.filter((fact) => fact.kind === 'passed')
}
