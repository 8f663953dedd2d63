import type { IncomingHttpHeaders } from 'node:http'

const JSON_TYPE = /^(?:application|text)\/(?:[\w.+-]+\+)?json(?:\s*;|$)/i

/** Whether the headers announce JSON that is not compressed. */
export function isPlainJson(headers: IncomingHttpHeaders): boolean {
  const encoding = headers['content-encoding'] ?? 'identity'
  return encoding.toLowerCase() === 'identity' && JSON_TYPE.test(headers['content-type'] ?? '')
}
