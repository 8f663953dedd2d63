import { ascii, find, findByte, startsWith } from '../read/byte-scan.ts'

const NEXT_JOB = ascii('/task/nextjob/')
const RESULT = ascii('/task/result/')
const PROBES = ['/healthz', '/livez', '/readyz', '/health', '/ready', '/live', '/alive'].map(ascii)

/** Bytes before the collection ID that are cached; no relay has a longer address. */
const MAX_PREFIXES = 300

const BLANK = 32
const QUOTE = 34
const SLASH = 47
const QUESTION_MARK = 63

export type PathKind = 'poll' | 'result' | 'probe' | 'other'

/**
 * Parses a request path. The fields hold the result: the collection ID is [collectionStart, collectionEnd) for polls and results, and
 * the task ID is [taskStart, taskEnd) for results.
 */
export class RequestPath {
  kind: PathKind = 'other'
  collectionStart = 0
  collectionEnd = 0
  taskStart = 0
  taskEnd = 0
  /** Everything before the collection ID of the last poll: most requests are polls of one relay, so comparing is faster than parsing. */
  #beforePoll = new Uint8Array(0)

  /**
   * Reads a path, or a URL with scheme and host, from `start` up to a space, a quote or `limit`.
   * @returns its end
   */
  read(buf: Buffer, start: number, limit: number): number {
    const known = this.#beforePoll
    if (known.length > 0 && startsWith(buf, start, limit, known)) {
      this.kind = 'poll'
      this.collectionStart = start + known.length
      this.collectionEnd = segmentEnd(buf, this.collectionStart, limit)
      return pathEnd(buf, this.collectionEnd, limit)
    }
    const stop = segmentEnd(buf, start, limit)
    this.#search(buf, start, stop)
    return pathEnd(buf, stop, limit)
  }

  #search(buf: Buffer, start: number, stop: number): void {
    this.kind = 'other'
    const poll = find(buf, start, stop, NEXT_JOB)
    if (poll >= 0) {
      this.kind = 'poll'
      this.collectionStart = poll + NEXT_JOB.length
      this.collectionEnd = stop
      if (this.collectionStart - start <= MAX_PREFIXES)
        this.#beforePoll = Uint8Array.prototype.slice.call(buf, start, this.collectionStart)
      return
    }
    const result = find(buf, start, stop, RESULT)
    if (result >= 0) {
      const slash = findByte(buf, result + RESULT.length, stop, SLASH)
      this.kind = 'result'
      this.taskStart = result + RESULT.length
      this.taskEnd = slash < 0 ? stop : slash
      this.collectionStart = slash < 0 ? stop : slash + 1
      this.collectionEnd = stop
      return
    }
    const path = afterHost(buf, start, stop)
    for (const probe of PROBES)
      if (stop - path === probe.length && startsWith(buf, path, stop, probe)) this.kind = 'probe'
  }
}

/** The end of the path, without its query. */
function segmentEnd(buf: Buffer, start: number, limit: number): number {
  let at = start
  for (; at < limit; at++) {
    const byte = buf[at]
    if (byte === BLANK || byte === QUOTE || byte === QUESTION_MARK) break
  }
  return at
}

function pathEnd(buf: Buffer, start: number, limit: number): number {
  let at = start
  while (at < limit && buf[at] !== BLANK && buf[at] !== QUOTE) at++
  return at
}

/** The start of the path: after `https://host:443`, at the third slash. */
function afterHost(buf: Buffer, start: number, stop: number): number {
  if (buf[start] === SLASH) return start
  let at = start - 1
  for (let slashes = 0; slashes < 3; slashes++) {
    at = findByte(buf, at + 1, stop, SLASH)
    if (at < 0) return stop
  }
  return at
}
