import { ascii, find, findByte, startsWith } from '../read/byte-scan.ts'

const NEXT_JOB = ascii('/task/nextjob/')
const RESULT = ascii('/task/result/')
const PROBES = ['/healthz', '/livez', '/readyz', '/health', '/ready', '/live', '/alive'].map(ascii)

/** Bytes before the collection that are worth keeping; no relay is called by more. */
const MAX_PREFIXES = 300

const BLANK = 32
const QUOTE = 34
const SLASH = 47
const QUESTION_MARK = 63

export type PathKind = 'poll' | 'result' | 'probe' | 'other'

/**
 * What a request path asks for. The result stands in the fields: for a poll or a result the collection is
 * [collectionStart, collectionEnd), for a result the task as well.
 */
export class RequestPath {
  kind: PathKind = 'other'
  collectionStart = 0
  collectionEnd = 0
  taskStart = 0
  taskEnd = 0
  /** All that stood before the collection of the last poll. Most requests are polls, and of one relay: comparing finds the next one. */
  #beforePoll = new Uint8Array(0)

  /**
   * Reads a path, or a URL with scheme and host, that begins at `start` and ends at a blank, a quote or `limit`.
   * @returns where it ends
   */
  read(buf: Buffer, start: number, limit: number): number {
    const known = this.#beforePoll
    if (known.length > 0 && startsWith(buf, start, limit, known)) {
      this.kind = 'poll'
      this.collectionStart = start + known.length
      this.collectionEnd = partEnd(buf, this.collectionStart, limit)
      return pathEnd(buf, this.collectionEnd, limit)
    }
    const stop = partEnd(buf, start, limit)
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

/** Where the path ends or its query begins. */
function partEnd(buf: Buffer, start: number, limit: number): number {
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

/** Where the path begins: after `https://host:443`, at the third slash. */
function afterHost(buf: Buffer, start: number, stop: number): number {
  if (buf[start] === SLASH) return start
  let at = start - 1
  for (let slashes = 0; slashes < 3; slashes++) {
    at = findByte(buf, at + 1, stop, SLASH)
    if (at < 0) return stop
  }
  return at
}
