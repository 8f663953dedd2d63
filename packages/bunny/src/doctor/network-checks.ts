import { isIP, type Socket } from 'node:net'
import { TLSSocket, type SecureContext } from 'node:tls'
import { resolveHost, type ResolveHost } from '@warren/task-api'
import { checkCertificate, printable } from './certificate.ts'
import { measureStep, type Checklist, type StepName } from './checklist.ts'
import { addTls, ask, openTcp, openTunnel, serverOf, type Answer } from './connect.ts'
import { clientCertificateProblem, codeOf, tcpProblem, tlsProblem } from './connection-problem.ts'
import { certificateFault, gatewayFault } from './gateway-fault.ts'
import { failed, ok, type Finding, type Step } from './step.ts'

export interface NetworkOptions {
  /** The base URL of the Task API. */
  readonly base: URL
  readonly proxy: URL | undefined
  readonly tls: {
    readonly server: SecureContext | undefined
    readonly proxy: SecureContext | undefined
  }
  readonly userAgent: string
  readonly resolve?: ResolveHost
  readonly now?: () => number
}

/** Opens a further connection on a way that works. */
export type OpenWay = (signal: AbortSignal) => Promise<Socket>

export interface Way {
  readonly open: OpenWay
  /** `203.0.113.7`, or the host name behind a proxy. */
  readonly target: string
  readonly answer: Answer
}

const CONNECT_LIMIT_MS = 5_000
const MAX_ADDRESSES = 16

/**
 * Walks from this machine to the relay: its addresses and, for each of them, TCP, TLS and HTTP; or the proxy and what is
 * behind it. Returns a way that answers HTTP, if there is one.
 */
export async function checkNetwork(
  list: Checklist,
  options: NetworkOptions,
): Promise<Way | undefined> {
  return options.proxy === undefined
    ? await checkAddresses(list, options)
    : await checkProxy(list, options, options.proxy)
}

async function checkAddresses(list: Checklist, options: NetworkOptions): Promise<Way | undefined> {
  const { base } = options
  const host = hostOf(base)
  const addresses = await resolveStep(list, host, options.resolve, 'TASK_API_BASE_URL')
  if (addresses === undefined) {
    for (const title of ['TCP', ...(usesTls(base) ? ['TLS'] : []), 'HTTP']) {
      const name = { id: `relay.${title.toLowerCase()}`, area: 'network', title } as const
      list.skip(name, 'the host name has no address')
    }
    return undefined
  }
  const walks = await Promise.all(
    addresses.map((address) => {
      const where = endpoint(address, portOf(base))
      return walk(options, where, list.leftMs, (signal) => openTcp(address, portOf(base), signal))
    }),
  )
  for (const step of walks.flatMap(({ steps }) => steps)) list.add(step)
  return walks.find(({ way }) => way !== undefined)?.way
}

async function checkProxy(
  list: Checklist,
  options: NetworkOptions,
  proxy: URL,
): Promise<Way | undefined> {
  const { base } = options
  const at = endpoint(hostOf(proxy), portOf(proxy))
  const target = endpoint(hostOf(base), portOf(base))
  const found = await resolveStep(list, hostOf(proxy), options.resolve, 'HTTPS_PROXY')
  const openProxy: OpenWay = async (signal) => {
    const socket = await openTcp(hostOf(proxy), portOf(proxy), signal)
    if (!usesTls(proxy)) return socket
    return await addTls(socket, hostOf(proxy), options.tls.proxy, signal)
  }
  const open: OpenWay = async (signal) => {
    const tunnel = await openTunnel(await openProxy(signal), proxy, target, signal)
    if (tunnel.socket === undefined) throw new Error(`the proxy answered ${tunnel.status}`)
    return tunnel.socket
  }
  const name: StepName = {
    id: 'relay.proxy',
    area: 'network',
    title: `proxy ${at}`,
    limitMs: 2 * CONNECT_LIMIT_MS,
  }
  const reachable =
    found !== undefined &&
    (await list.run(name, async (signal) => {
      let socket: Socket
      try {
        socket = await openProxy(signal)
      } catch (error: unknown) {
        return usesTls(proxy) && !/^E(?:CONNREFUSED|HOST|NET)/.test(codeOf(error))
          ? tlsProblem(error)
          : tcpProblem(error)
      }
      try {
        const { status, socket: tunnel } = await openTunnel(socket, proxy, target, signal)
        tunnel?.destroy()
        return proxyFinding(status, target)
      } catch (error: unknown) {
        return tcpProblem(error)
      } finally {
        socket.destroy()
      }
    }))
  if (!reachable) {
    for (const title of [...(usesTls(base) ? ['TLS'] : []), 'HTTP']) {
      list.skip(
        { id: `relay.${title.toLowerCase()}`, area: 'network', title },
        'the proxy gives no connection to the relay',
      )
    }
    return undefined
  }
  const { steps, way } = await walk(
    options,
    `${target} through the proxy`,
    list.leftMs,
    open,
    false,
  )
  for (const step of steps) list.add(step)
  return way
}

function proxyFinding(status: number, target: string): Finding {
  if (status >= 200 && status < 300) {
    return ok(`is used, and connects to ${target} (it resolves the name and chooses the address)`)
  }
  if (status === 407) {
    return failed(
      'a login is required (407)',
      'Put the user name and password into the URL in HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT',
    )
  }
  if (status === 403) {
    return failed(
      `connections to ${target} are not allowed (403)`,
      `Ask the operator of the proxy to allow ${target}, or list the host in NO_PROXY.`,
    )
  }
  return failed(
    `answers ${status} instead of a connection to ${target}`,
    status >= 500
      ? 'The proxy cannot reach the relay: ask its operator, or list the host in NO_PROXY.'
      : 'Check that HTTPS_PROXY is the address of an HTTP proxy.',
  )
}

/** TCP, TLS and HTTP on one address. */
async function walk(
  options: NetworkOptions,
  where: string,
  leftMs: number,
  open: OpenWay,
  withTcp = true,
): Promise<{ steps: Step[]; way: Way | undefined }> {
  const { base, tls, now = Date.now } = options
  const host = hostOf(base)
  const secured: OpenWay = async (signal) => {
    const socket = await open(signal)
    return usesTls(base) ? await addTls(socket, host, tls.server, signal) : socket
  }
  const steps: Step[] = []
  const startedAt = performance.now()
  const run = async (
    id: string,
    title: string,
    limitMs: number,
    work: (signal: AbortSignal) => Promise<Finding>,
  ): Promise<boolean> => {
    const name: StepName = { id, area: 'network', title: `${title} ${where}`, limitMs }
    const failedBefore = steps.some(({ status }) => status === 'failed')
    if (failedBefore) {
      const detail = 'the step before it failed'
      steps.push({ ...name, status: 'skipped', detail, advice: [], durationMs: 0 })
      return false
    }
    const left = Math.max(1, leftMs - (performance.now() - startedAt))
    steps.push(await measureStep(name, left, work))
    return true
  }
  if (withTcp) {
    await run('relay.tcp', 'TCP to', CONNECT_LIMIT_MS, async (signal) => {
      try {
        ;(await open(signal)).destroy()
        return ok('connected')
      } catch (error: unknown) {
        return tcpProblem(error)
      }
    })
  }
  if (usesTls(base)) {
    await run('relay.tls', 'TLS with', 2 * CONNECT_LIMIT_MS, async (signal) => {
      try {
        const socket = await secured(signal)
        const finding =
          socket instanceof TLSSocket
            ? checkCertificate(socket, host, now())
            : failed('the connection is not encrypted')
        socket.destroy()
        return finding
      } catch (error: unknown) {
        return tlsProblem(error)
      }
    })
  }
  let answer: Answer | undefined
  await run('relay.http', 'HTTP from', 2 * CONNECT_LIMIT_MS, async (signal) => {
    try {
      const url = new URL('/healthz', base)
      const headers = { 'user-agent': options.userAgent, accept: '*/*' }
      answer = await ask(await secured(signal), { method: 'GET', url, headers }, signal)
      return httpFinding(answer)
    } catch (error: unknown) {
      return httpProblem(error)
    }
  })
  const works = answer !== undefined && steps.every(({ status }) => status !== 'failed')
  return { steps, way: works && answer ? { open: secured, target: where, answer } : undefined }
}

function httpFinding(answer: Answer): Finding {
  const fault = gatewayFault(answer)
  if (fault !== undefined) return fault
  const withoutCertificate = certificateFault(answer)
  if (withoutCertificate !== undefined) return withoutCertificate
  const server = serverOf(answer)
  const by = server === '' ? '' : `, server ${printable(server).slice(0, 40)}`
  const { status } = answer
  if (status === 200) return ok(`healthy (GET /healthz answered 200${by})`)
  if (status >= 500) {
    return failed(
      `GET /healthz answered ${status}${by}`,
      'Only the operator of the relay can act: report the status and the time.',
    )
  }
  return ok(`answers HTTP (GET /healthz answered ${status}${by})`)
}

function httpProblem(error: unknown): Finding {
  const code = codeOf(error)
  const ofCertificate = clientCertificateProblem(code)
  if (ofCertificate !== undefined) return ofCertificate
  if (code.startsWith('HPE_')) {
    return failed(
      `there is an answer, but it is not HTTP (${code})`,
      'Check the host and port of TASK_API_BASE_URL: another service listens there. If it uses TLS, write https.',
    )
  }
  if (code === 'ABORT_ERR') {
    return failed(
      'the request is accepted but not answered',
      'Report this address to the operator of the relay.',
    )
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return failed(
      `the connection is closed without an answer (${code})`,
      'If the port expects TLS, write https in TASK_API_BASE_URL. Otherwise report this address to the operator of the relay.',
    )
  }
  return tcpProblem(error)
}

async function resolveStep(
  list: Checklist,
  host: string,
  resolve: ResolveHost = resolveHost,
  variable: string,
): Promise<readonly string[] | undefined> {
  if (isIP(host) !== 0) return [host]
  let addresses: readonly string[] | undefined
  const name = { id: 'relay.dns', area: 'network', title: `DNS of ${host}` } as const
  await list.run(name, async () => {
    try {
      const found = [...new Set(await resolve(host))]
      if (found.length === 0) throw Object.assign(new Error('no address'), { code: 'ENODATA' })
      addresses = found.slice(0, MAX_ADDRESSES)
      const count = found.length === 1 ? '1 address' : `${found.length} addresses`
      return ok(`${count}: ${addresses.join(', ')}`)
    } catch (error: unknown) {
      const code = codeOf(error)
      const isUnknown = code === 'ENOTFOUND' || code === 'ENODATA'
      return failed(
        isUnknown ? `the name ${host} does not exist (${code})` : `cannot ask DNS (${code})`,
        isUnknown
          ? `Check the host name in ${variable}. If it is known only inside another network, connect through its proxy or VPN.`
          : 'Check the DNS servers of this machine (/etc/resolv.conf).',
      )
    }
  })
  return addresses
}

export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.+)\]$/, '$1')
}

export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port)
  return usesTls(url) ? 443 : 80
}

const usesTls = (url: URL): boolean => url.protocol === 'https:'

function endpoint(host: string, port: number): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
}
