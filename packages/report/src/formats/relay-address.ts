/** What follows the address of a relay in the URL of a request. */
const REQUEST = /\/(?:link_connector_api|task\/(?:nextjob|result))(?:\/|$).*$/
/** Ports that the scheme implies. */
const USUAL_PORT = /^(https:\/\/[^/]*):443(?=\/|$)|^(http:\/\/[^/]*):80(?=\/|$)/

/**
 * How a client reaches its relay, from a URL that it logs: host, port unless it is the usual one, and the path in front of the Task API.
 * `https://relay.example.org/test/link_connector_api/task/nextjob/1` is `relay.example.org/test`. '' if there is no host.
 */
export function relayAddress(url: string): string {
  const [, rest = ''] = url.toLowerCase().replace(USUAL_PORT, '$1$2').split('://')
  const address = rest.replace(REQUEST, '').replace(/\/+$/, '')
  // Do not put credentials (`user:password@host`) into a report.
  const [host = '', ...path] = address.split('/')
  return [host.slice(host.lastIndexOf('@') + 1), ...path].join('/')
}
