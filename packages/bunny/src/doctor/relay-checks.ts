import { errorResult, serializeResult } from '@warren/task-api'
import { newUuid } from '@warren/runtime'
import { printable } from './certificate.ts'
import type { Checklist } from './checklist.ts'
import { ask, type Answer } from './connect.ts'
import { codeOf } from './connection-problem.ts'
import { certificateFault, gatewayFault } from './gateway-fault.ts'
import type { Way } from './network-checks.ts'
import { failed, ok, warning, type Finding } from './step.ts'

export interface RelayLogin {
  readonly base: URL
  readonly username: string
  readonly password: string
  readonly collection: string
  readonly userAgent: string
}

const LOGIN = { id: 'relay.login', area: 'login', title: 'login and collection' } as const
const CLOCK = { id: 'relay.clock', area: 'network', title: 'clock' } as const

/** A poll of more than this clock difference confuses the logs of both sides. */
const CLOCK_WARNING_MS = 30_000

/**
 * Checks the credentials and the collection ID without a poll, because a poll takes a task away. It submits a result for a
 * task that does not exist: the Task API verifies the credentials for the collection first (401), and then does not find the
 * task (404).
 */
export async function checkLogin(
  list: Checklist,
  login: RelayLogin,
  way: Way | undefined,
): Promise<boolean> {
  if (way === undefined) {
    list.skip(LOGIN, 'the relay cannot be reached')
    return false
  }
  return await list.run({ ...LOGIN, limitMs: 20_000 }, async (signal) => {
    try {
      const answer = await submitNothing(login, way, signal, true)
      return await loginFinding(answer, () => submitNothing(login, way, signal, false))
    } catch (error: unknown) {
      const code = codeOf(error)
      const reason = code === 'ABORT_ERR' ? 'took too long' : `failed (${code})`
      return failed(`the request to ${way.target} ${reason}`, 'Run the check again.')
    }
  })
}

async function submitNothing(
  { base, username, password, collection, userAgent }: RelayLogin,
  way: Way,
  signal: AbortSignal,
  withCredentials: boolean,
): Promise<Answer> {
  const uuid = newUuid()
  const result = errorResult({ uuid, collection }, 'This is a check of the connection.')
  const url = new URL(base)
  url.pathname = `${base.pathname}/task/result/${uuid}/${encodeURIComponent(collection)}`
  const basic = Buffer.from(`${username}:${password}`, 'utf8').toString('base64')
  const body = serializeResult(result)
  const headers = {
    'user-agent': userAgent,
    accept: 'application/json, */*;q=0.5',
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    ...(withCredentials ? { authorization: `Basic ${basic}` } : {}),
  }
  return await ask(await way.open(signal), { method: 'POST', url, headers, body }, signal)
}

const WRONG_LOGIN =
  'Check TASK_API_USERNAME, TASK_API_PASSWORD and that COLLECTION_ID belongs to this user. The log of the relay says which of them is wrong.'
const WRONG_PATH =
  'Check the path of TASK_API_BASE_URL. For a relay it is /link_connector_api, or nothing.'

async function loginFinding(
  answer: Answer,
  askAnonymously: () => Promise<Answer>,
): Promise<Finding> {
  const { status, headers, body } = answer
  const withoutCertificate = certificateFault(answer)
  if (withoutCertificate !== undefined) return withoutCertificate
  if (status === 401) {
    return failed('the relay rejects the user name, password or collection ID (401)', WRONG_LOGIN)
  }
  if (status === 403) {
    return failed(
      /RELAY_CERTIFICATE_REQUIRED/.test(body)
        ? 'the relay requires a client certificate (403)'
        : 'access is denied (403): the credentials were not rejected, but this node may not use the Task API',
      'Ask the operator of the relay whether this node is active, and whether a firewall or a client certificate is required.',
    )
  }
  if (status === 429) {
    return failed(
      'there were too many failed logins (429)',
      'Correct the credentials, and wait a minute before the next check.',
    )
  }
  const fault = gatewayFault(answer)
  if (fault !== undefined) return fault
  if (status >= 500) {
    return failed(
      `the relay answers ${status}`,
      status === 500
        ? 'The .NET relay answers 500 if COLLECTION_ID is not a UUID: check it. Otherwise report the time to the operator of the relay.'
        : 'Report the status and the time to the operator of the relay.',
    )
  }
  if (status >= 300 && status < 400) {
    const to = printable(headers.location ?? 'nowhere')
    return failed(`the relay redirects to ${to} (${status})`, WRONG_PATH)
  }
  const isPage = /^\s*<(?:!doctype|html)/i.test(body)
  if (status === 404 && !/RELAY_NO_SUCH_TASK/.test(body)) {
    // A path that is not served is 404 as well. A Task API asks for credentials first.
    const anonymous = await askAnonymously()
    if (anonymous.status === 401) return ok('accepted')
    return failed('no Task API is served under this URL (404)', WRONG_PATH)
  }
  if (isPage) return failed(`a web page was returned (${status})`, WRONG_PATH)
  if (status === 405) return failed('no Task API is served under this URL (405)', WRONG_PATH)
  return ok(status === 404 ? 'accepted' : `accepted (the test result was answered with ${status})`)
}

/** Compares the clocks by the header `Date`, which has whole seconds. */
export function checkClock(list: Checklist, way: Way | undefined): Promise<boolean> | undefined {
  if (way === undefined) {
    list.skip(CLOCK, 'no address of the relay answers')
    return undefined
  }
  const { headers, at, roundTripMs } = way.answer
  const theirs = Date.parse(headers.date ?? '')
  return list.run(CLOCK, () => {
    if (Number.isNaN(theirs)) return ok('unknown: the relay sends no Date header')
    const difference = theirs + 500 - at
    const uncertainty = 500 + roundTripMs / 2
    const range = `± ${(uncertainty / 1000).toFixed(1)} s`
    const amount = (Math.abs(difference) / 1000).toFixed(1)
    if (Math.abs(difference) <= uncertainty) return ok(`no difference to the relay (${range})`)
    const direction = difference > 0 ? 'behind' : 'ahead of'
    const what = `this machine is ${amount} s ${direction} the relay (${range})`
    if (Math.abs(difference) - uncertainty < CLOCK_WARNING_MS) return ok(what)
    return warning(
      what,
      'Synchronise the clock of this machine (NTP). If it is right, report it to the operator of the relay.',
    )
  })
}
