/**
 * The base of all request URLs, without a final slash. A URL with a path is used unchanged
 * (`https://host/api/v1`); one without a path gets `/link_connector_api`.
 * @throws TypeError if `url` is not an http(s) URL, or contains credentials, a query or a fragment.
 */
export function taskApiBase(url: string): URL {
  const base = URL.canParse(url) ? new URL(url) : null
  if (base === null || !/^https?:$/.test(base.protocol)) {
    throw new TypeError('the Task API base URL must start with https:// or http://')
  }
  if (base.username !== '' || base.password !== '') {
    throw new TypeError('the Task API base URL must not contain a user name or password')
  }
  if (base.search !== '' || base.hash !== '') {
    throw new TypeError('the Task API base URL must not contain a query or fragment')
  }
  const path = base.pathname.replace(/\/+$/, '')
  base.pathname = path === '' ? '/link_connector_api' : path
  return base
}
