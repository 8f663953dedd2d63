import { type AddressFailure, describeFailure } from './address-failure.ts'

/** What changed about one address of a server while another address answered. For logs and metrics. */
export interface AddressReport {
  /** `failing` begins it, `still-failing` repeats it rarely, the others end it. */
  readonly change: 'failing' | 'still-failing' | 'recovered' | 'removed'
  /** The host name, without the port. */
  readonly host: string
  /** Undefined if a proxy chose the address, which it does not report. */
  readonly address: string | undefined
  /** `host:port` of the proxy that chose the address. */
  readonly proxy?: string
  readonly failure: AddressFailure
  /** The code of the `TaskApiError`. */
  readonly code: string
  /** Failures since `since`. */
  readonly count: number
  /** Time of the first failure, ms since 1970. */
  readonly since: number
  /** Time of this report, ms since 1970. */
  readonly at: number
  /** The addresses that work. */
  readonly works: readonly string[]
}

/** The host name could not be resolved, or can be again. Meanwhile the last known addresses are used. */
export interface ResolutionReport {
  readonly change: 'unresolved' | 'resolved'
  readonly host: string
  readonly code: string
  readonly count: number
  readonly since: number
  readonly at: number
  /** The addresses in use. */
  readonly addresses: readonly string[]
}

/** `relay.example.org: 203.0.113.7 closed the TLS handshake 40 times since 08:29 UTC; 203.0.113.9 works` */
export function describeAddressReport(report: AddressReport): string {
  const { change, host, address, proxy, failure, code } = report
  const did = describeFailure(failure, code)
  if (address === undefined) {
    const where = `${host}: an address that the proxy ${proxy ?? ''} chose`
    return change === 'recovered'
      ? `${where} ${did} ${occurrences(report)}; it has recovered`
      : `${where} ${did} ${occurrences(report)}; a second attempt works`
  }
  const subject = `${host}: ${address} ${did} ${occurrences(report)}`
  if (change === 'recovered') return `${subject}; it has recovered`
  if (change === 'removed') return `${subject}; the name no longer resolves to it`
  return `${subject}; ${formatWorking(report.works)}`
}

/** `relay.example.org cannot be resolved (ENOTFOUND); 2 addresses from an earlier lookup are used` */
export function describeResolutionReport(report: ResolutionReport): string {
  const { change, host, code, addresses } = report
  if (change === 'resolved') return `${host} can be resolved again`
  const known = addresses.length === 1 ? 'address' : 'addresses'
  return `${host} cannot be resolved (${code}); the ${known} of an earlier lookup ${addresses.length === 1 ? 'is' : 'are'} used: ${addresses.join(', ')}`
}

/** The fields of a report for a log: times as ISO 8601, and the description as `detail`. */
export function addressReportFields(
  report: AddressReport | ResolutionReport,
): Readonly<Record<string, unknown>> {
  const { host, code, count } = report
  const common = { host, code, count, since: new Date(report.since).toISOString() }
  if ('addresses' in report) {
    const { addresses } = report
    return { ...common, addresses, detail: describeResolutionReport(report) }
  }
  const { change, address, proxy, failure, works } = report
  return {
    ...common,
    ...(address === undefined ? {} : { address }),
    ...(proxy === undefined ? {} : { proxy }),
    failure,
    change,
    works,
    detail: describeAddressReport(report),
  }
}

function formatWorking(works: readonly string[]): string {
  return works.length === 1 ? `${works[0]} works` : `${works.join(' and ')} work`
}

function occurrences({ count, since, at }: AddressReport): string {
  const start = formatTime(since, at)
  return count === 1 ? `once at ${start}` : `${count} times since ${start}`
}

/** The time of day, with the date if it is more than half a day ago. */
function formatTime(time: number, now: number): string {
  const text = new Date(time).toISOString()
  const clock = `${text.slice(11, 16)} UTC`
  return now - time > 43_200_000 ? `${text.slice(0, 10)} ${clock}` : clock
}
