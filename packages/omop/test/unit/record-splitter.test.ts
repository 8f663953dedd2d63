import { parse } from 'csv-parse/sync'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { RecordSplitter } from '../../src/record-splitter.ts'

interface Split {
  records: { fields: string[]; line: number }[]
  bad: { line: number; message: string }[]
}

function split(chunks: readonly string[], delimiter: ',' | '\t' = ',', quotes = true): Split {
  const result: Split = { records: [], bad: [] }
  const splitter = new RecordSplitter({
    delimiter,
    quotes,
    onRecord: (fields, line) => result.records.push({ fields, line }),
    onBadRecord: (line, message) => result.bad.push({ line, message }),
  })
  for (const chunk of chunks) splitter.push(chunk)
  splitter.end()
  return result
}

const fieldsOf = (text: string): string[][] => split([text]).records.map(({ fields }) => fields)

const encode = (value: string): string =>
  /[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value

describe('splitting a comma file', () => {
  it('reads quotes, doubled quotes, commas and line ends inside quotes', () => {
    expect(fieldsOf('a,"b, ""c""",d\n1,"two\nlines",\n')).toEqual([
      ['a', 'b, "c"', 'd'],
      ['1', 'two\nlines', ''],
    ])
  })

  it('reads LF and CR LF in one file, and a last line without a line end', () => {
    expect(fieldsOf('a,b\r\nc,d\n"e",f\r\ng,"h"')).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f'],
      ['g', 'h'],
    ])
  })

  it('reports the first line of a record, also after blank lines and multi-line fields', () => {
    const { records } = split(['a\n\n"b\nb"\nc\n'])
    expect(records.map(({ line }) => line)).toEqual([1, 3, 5])
  })

  it('continues after a bad line', () => {
    const { records, bad } = split(['a,b\n1,x"y\n2,"z"z\n3,ok\n'])
    expect(bad.map(({ line }) => line)).toEqual([2, 3])
    expect(records.at(-1)).toEqual({ fields: ['3', 'ok'], line: 4 })
  })

  it('continues after a quote that is never closed', () => {
    const { records, bad } = split(['a,b\n1,"open\n2,fine\n3,fine\n'])
    expect(bad).toEqual([{ line: 2, message: 'a quote is opened and never closed' }])
    expect(records.map(({ line }) => line)).toEqual([1, 3, 4])
  })

  it('rejects a quote that is open for more than a million characters, with bounded memory', () => {
    const line = `${'x'.repeat(99)}\n`
    const chunks = ['a\n"open\n', ...Array.from({ length: 300 }, () => line.repeat(100))]
    const { records, bad } = split(chunks)
    expect(bad.map((one) => one.line)).toEqual([2])
    expect(records).toHaveLength(1 + 30_000)
  })

  it('reads the same as another parser, however the text is split into chunks', () => {
    const field = fc.oneof(
      fc.stringMatching(/^[a-z ]{0,6}$/),
      fc.constantFrom('', '"', 'a,b', 'x\ny', 'x\r\ny', '""', 'é😀'),
    )
    const row = fc.array(field, { minLength: 2, maxLength: 4 })
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 6 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.array(fc.nat(40), { maxLength: 8 }),
        (rows, end, lastEnd, cuts) => {
          const text =
            rows.map((fields) => fields.map(encode).join(',')).join(end) + (lastEnd ? end : '')
          const chunks: string[] = []
          let rest = text
          for (const cut of cuts) {
            chunks.push(rest.slice(0, cut))
            rest = rest.slice(cut)
          }
          const ours = split([...chunks, rest])
          const theirs = parse(text, { relax_column_count: true, skip_empty_lines: true })
          expect(ours.bad).toEqual([])
          expect(ours.records.map(({ fields }) => fields)).toEqual(theirs)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('splitting a tab file', () => {
  it('treats quotes as text', () => {
    const { records, bad } = split(['a\tb\n5" tube\t"x\n'], '\t', false)
    expect(bad).toEqual([])
    expect(records[1]?.fields).toEqual(['5" tube', '"x'])
  })
})
