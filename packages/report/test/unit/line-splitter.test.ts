import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineSplitter, MAX_LINE_BYTES } from '../../src/read/line-splitter.ts'

interface Seen {
  text: string
  line: number
  shortened: boolean
}

function split(chunks: readonly Buffer[]): { lines: Seen[]; count: number } {
  const lines: Seen[] = []
  const splitter = new LineSplitter((buf, start, end, line, shortened) => {
    lines.push({ text: buf.toString('latin1', start, end), line, shortened })
  })
  for (const chunk of chunks) splitter.push(chunk)
  splitter.finish()
  return { lines, count: splitter.lines }
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set(at.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length))
}

describe('splitting into lines', () => {
  it('numbers lines from 1, removes both kinds of line end, and keeps empty lines', () => {
    expect(split([Buffer.from('one\r\n\ntwo\nthree')])).toEqual({
      lines: [
        { text: 'one', line: 1, shortened: false },
        { text: '', line: 2, shortened: false },
        { text: 'two', line: 3, shortened: false },
        { text: 'three', line: 4, shortened: false },
      ],
      count: 4,
    })
  })

  it('gives the same lines wherever chunks are split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'bc', '\n', '\r\n', '\r', '')),
        fc.array(fc.nat(), { maxLength: 8 }),
        (parts, places) => {
          const bytes = Buffer.from(parts.join(''))
          expect(split(cut(bytes, places))).toEqual(split([bytes]))
        },
      ),
    )
  })

  it('truncates a very long line, in one chunk or in many', () => {
    const bytes = Buffer.from(`${'x'.repeat(MAX_LINE_BYTES + 5)}\nnext\n`)
    const whole = split([bytes])
    expect(whole.lines.map(({ text, shortened }) => [text.length, shortened])).toEqual([
      [MAX_LINE_BYTES, true],
      [4, false],
    ])
    expect(split(cut(bytes, [100, 40_000, MAX_LINE_BYTES, MAX_LINE_BYTES + 3]))).toEqual(whole)
  })

  it('does not mark a line of exactly the limit as shortened', () => {
    const { lines } = split([Buffer.from(`${'x'.repeat(MAX_LINE_BYTES)}\n`)])
    expect(lines[0]?.shortened).toBe(false)
  })
})
