import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventHead } from '../../src/read/event-head.ts'
import { RequestPath } from '../../src/formats/request-path.ts'
import { Interner } from '../../src/read/interner.ts'

// Readers cache parts of the previous line. Here, lines differ in few places, some of them invalid.
const two = (from: number, to: number) =>
  fc.integer({ min: from, max: to }).map((n) => String(n).padStart(2, '0'))
const clock = fc.tuple(two(22, 24), two(58, 60), two(57, 61)).map((parts) => parts.join(':'))
const day = two(29, 32)
const line = fc.oneof(
  fc.tuple(day, clock).map(([d, c]) => `INFO - ${d}-Sep-25 ${c} - Task received`),
  fc
    .tuple(day, clock, fc.constantFrom('+0000', '+0130', '-0130', '+0x00'))
    .map(([d, c, zone]) => `10.0.0.1 - - [${d}/Sep/2025:${c} ${zone}] "GET / HTTP/1.1" 204`),
  fc
    .tuple(day, clock, fc.constantFrom('T', ' ', 'x'), fc.constantFrom('Z', '+01:00', '.5Z', ''))
    .map(([d, c, between, zone]) => `2025-09-${d}${between}${c}${zone} [info] <0.1.0> closing`),
  fc.tuple(day, clock).map(([d, c]) => `https 2025-09-${d}T${c}.123456Z app/relay 10.0.0.1:1`),
)

describe('the cache of previous lines', () => {
  it('does not change the next time', () => {
    const readOf = (head: EventHead, text: string) => {
      const buf = Buffer.from(text)
      if (!head.read(buf, 0, buf.length)) return undefined
      const { format, time, timeKind, level, message } = head
      return { format, time, timeKind, level, message }
    }
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 30 }), (lines) => {
        const head = new EventHead()
        for (const text of lines) expect(readOf(head, text)).toEqual(readOf(new EventHead(), text))
      }),
    )
  })

  it('does not change the next path', () => {
    const path = fc
      .tuple(
        fc.constantFrom('', 'https://relay.example.org:443', 'https://other.example.org:443'),
        fc.constantFrom('', '/api', '/link_connector_api', '/x?'),
        fc.constantFrom('/task/nextjob/', '/task/result/', '/healthz', '/', '?'),
        fc.constantFrom('', 'c1', 'c2', 'c1/t1', 't1/c1', 'c1?x=/task/nextjob/c2', 'c1" "y'),
        fc.constantFrom('', ' HTTP/1.1"', '"'),
      )
      .map((parts) => parts.join(''))
    const readOf = (reader: RequestPath, text: string) => {
      const end = reader.read(Buffer.from(text), 0, text.length)
      const { kind, collectionStart, collectionEnd, taskStart, taskEnd } = reader
      if (kind !== 'poll' && kind !== 'result') return { kind, end }
      const collection = text.slice(collectionStart, collectionEnd)
      return kind === 'poll'
        ? { kind, end, collection }
        : { kind, end, collection, task: text.slice(taskStart, taskEnd) }
    }
    fc.assert(
      fc.property(fc.array(path, { minLength: 1, maxLength: 20 }), (paths) => {
        const reader = new RequestPath()
        for (const text of paths)
          expect(readOf(reader, text)).toEqual(readOf(new RequestPath(), text))
      }),
    )
  })

  it('does not change the number of a name', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('', 'a', 'b', 'ab', 'abc', 'x'.repeat(600))),
        (names) => {
          const interner = new Interner(3)
          const known: string[] = []
          for (const name of names) {
            if (!known.includes(name) && known.length < 3 && name.length < 600) known.push(name)
            expect(interner.id(Buffer.from(name), 0, name.length)).toBe(known.indexOf(name))
          }
        },
      ),
    )
  })
})

describe('a request path', () => {
  it.each([
    ['/link_connector_api/task/nextjob/c1', 'poll', 'c1'],
    ['https://relay.example.org:443/task/nextjob/c1?wait=20 HTTP/1.1', 'poll', 'c1'],
    ['/task/result/t1/c1', 'result', 'c1'],
    ['https://relay.example.org/healthz', 'probe', ''],
    ['/healthz?full=1', 'probe', ''],
    ['/healthz/more', 'other', ''],
    ['https://relay.example.org', 'other', ''],
    ['/x?path=/task/nextjob/c1', 'other', ''],
  ])('%s is a %s', (text, kind, collection) => {
    const path = new RequestPath()
    path.read(Buffer.from(text), 0, text.length)
    expect(path.kind).toBe(kind)
    if (collection !== '')
      expect(text.slice(path.collectionStart, path.collectionEnd)).toBe(collection)
  })
})
