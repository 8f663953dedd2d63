import type { Logger } from '@warren/runtime'
import { addressReportFields, type AddressReport, type ResolutionReport } from '@warren/task-api'

/** Logs a change of the addresses of an upstream. */
export function logAddress(
  log: Logger,
  upstream: string,
  report: AddressReport | ResolutionReport,
): void {
  const fields = { upstream, ...addressReportFields(report) }
  switch (report.change) {
    case 'failing':
    case 'still-failing':
      // Without IPv6, an IPv6 address is unreachable at all times.
      if (report.failure === 'unreachable') log.info(fields, 'address failing')
      else log.warn(fields, 'address failing')
      break
    case 'recovered':
    case 'removed':
      log.info(fields, 'address recovered')
      break
    case 'unresolved':
      log.warn(fields, 'host name unresolved')
      break
    case 'resolved':
      log.info(fields, 'host name resolved')
      break
    default:
      report satisfies never
  }
}
