import { connect } from 'node:net'
import * as fc from 'fast-check'
import { type FuzzTarget, fuzzRequest } from './http-requests.ts'

export interface FuzzOptions {
  readonly url: string
  readonly target: FuzzTarget
  readonly requests: number
  readonly seed: number
  /** What no response may contain. */
  readonly secrets: readonly string[]
  readonly concurrency?: number
  readonly onProgress?: (done: number) => void
}

export interface FuzzFinding {
  readonly seed: number
  readonly request: string
  readonly problem: string
}

export interface FuzzReport {
  /** Responses by status; `none` for a connection that was closed without one. */
  readonly statuses: Readonly<Record<string, number>>
  /** A few of the requests that got a wrong response. */
  readonly findings: readonly FuzzFinding[]
}

const TIMEOUT_MS = 30_000
const WAIT_MS = 4_000
const SETTLE_MS = 20
const MAX_FINDINGS = 10
const BATCH = 1_000

/** Sends requests made from the seed, each on a connection of its own, and judges every response. */
export async function fuzzHttp(options: FuzzOptions): Promise<FuzzReport> {
  const { url, target, requests, secrets, concurrency = 100, onProgress } = options
  const statuses: Record<string, number> = {}
  const findings: FuzzFinding[] = []
  const arbitrary = fuzzRequest(target)
  for (let done = 0; done < requests; done += BATCH) {
    const seed = options.seed + done
    const batch = fc.sample(arbitrary, { numRuns: Math.min(BATCH, requests - done), seed })
    const next = batch[Symbol.iterator]()
    const worker = async (): Promise<void> => {
      for (let item = next.next(); item.done !== true; item = next.next()) {
        const response = await exchange(url, item.value)
        const status =
          /^HTTP\/1\.1 (\d{3})/.exec(response)?.[1] ?? (response === '' ? 'none' : 'odd')
        statuses[status] = (statuses[status] ?? 0) + 1
        const problem = problemOf(status, response, secrets)
        if (problem === undefined || findings.length >= MAX_FINDINGS) continue
        findings.push({ seed, problem, request: item.value.toString('latin1').slice(0, 2_000) })
      }
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
    onProgress?.(Math.min(done + BATCH, requests))
  }
  return { statuses, findings }
}

function problemOf(
  status: string,
  response: string,
  secrets: readonly string[],
): string | undefined {
  if (secrets.some((secret) => response.includes(secret))) return 'the response contains a secret'
  if (status === 'odd') return `not a response: ${response.slice(0, 200)}`
  // A 503 is documented: the client is to retry.
  if (status >= '500' && status !== '503' && status !== 'none') {
    return `status ${status}: ${response.slice(-300)}`
  }
  return undefined
}

/**
 * The response to the bytes; empty if the connection was closed without one. If the server still waits for the rest of the
 * request after a while, the connection is half-closed.
 */
function exchange(url: string, bytes: Buffer): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    let received = ''
    const socket = connect({ host: hostname, port: Number(port) })
    const noMore = setTimeout(() => socket.end(), WAIT_MS)
    const stuck = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no response and no end: ${bytes.toString('latin1').slice(0, 500)}`))
    }, TIMEOUT_MS)
    socket.on('data', (data: Buffer) => {
      received += data.toString('latin1')
      // The rest of a response follows its head at once.
      if (!received.startsWith('HTTP/1.1 100')) setTimeout(() => socket.destroy(), SETTLE_MS)
    })
    // The server may close the connection before it has read everything.
    socket.on('error', () => {})
    socket.once('close', () => {
      clearTimeout(noMore)
      clearTimeout(stuck)
      resolve(received)
    })
    socket.write(bytes)
  })
}
