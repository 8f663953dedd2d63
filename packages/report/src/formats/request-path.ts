import { ascii, find, findByte } from '../read/byte-scan.ts'

const NEXT_JOB = ascii('/task/nextjob/')
const RESULT = ascii('/task/result/')
const PROBES = ['/healthz', '/livez', '/readyz', '/health', '/ready', '/live', '/alive'].map(ascii)

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

  read(buf: Buffer, start: number, end: number): void {
    const query = findByte(buf, start, end, 63)
    const stop = query < 0 ? end : query
    this.kind = 'other'
    let at = find(buf, start, stop, NEXT_JOB)
    if (at >= 0) {
      this.kind = 'poll'
      this.collectionStart = at + NEXT_JOB.length
      this.collectionEnd = stop
      return
    }
    at = find(buf, start, stop, RESULT)
    if (at >= 0) {
      const slash = findByte(buf, at + RESULT.length, stop, 47)
      this.kind = 'result'
      this.taskStart = at + RESULT.length
      this.taskEnd = slash < 0 ? stop : slash
      this.collectionStart = slash < 0 ? stop : slash + 1
      this.collectionEnd = stop
      return
    }
    for (const probe of PROBES) {
      if (stop - start === probe.length && find(buf, start, stop, probe) === start) {
        this.kind = 'probe'
        return
      }
    }
  }
}
