import { isFailure, parseJsonOutline, parseResult, ResultFormatError } from '@warren/task-api'

import type { ResultStatus } from '../store/task-store.ts'

/**
 * Whether a node's result (JSON as received) is a count or an error.
 * @throws ResultFormatError if it is neither. The message contains nothing of the result.
 */
export function readResultStatus(json: Buffer): ResultStatus {
  return isFailure(parseResult(parse(json))) ? 'error' : 'ok'
}

function parse(json: Buffer): unknown {
  try {
    return parseJsonOutline(json)
  } catch {
    // The parser's message quotes the text, and patient data must not appear in a response or a log.
    const message = json.length === 0 ? 'the request has no body' : 'the body is not JSON'
    throw new ResultFormatError([{ path: '', message }])
  }
}
