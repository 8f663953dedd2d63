import { parse } from 'csv-parse/sync'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { RecordSplitter } from '../../src/omop/record-splitter.ts'

interface Split {
  records: { fields: string[]; line: number }[]
  broken: { line: number; message: string }[]
}

function split(pieces: readonly string[], delimiter: ',' | '\t' = ',', quotes = true): Split {
  const result: Split = { records: [], broken: [] }
  const splitter = new RecordSplitter({
    delimiter,
    quotes,
    onRecord: (fields, line) => result.records.push({ fields, line }),
    onBadRecord: (line, message) => result.broken.push({ line, message }),
  })
  for (const piece of pieces) splitter.push(piece)
  splitter.end()
  return result
}

const fieldsOf = (text: string): string[][] => split([text]).records.map(({ fields }) => fields)

const encode = (value: string): string =>
  /[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value

describe('splitting a comma file', () => {
  it('takes quotes, doubled quotes, commas and line ends inside quotes', () => {
    expect(fieldsOf('a,"b, ""c""",d\n1,"two\nlines",\n')).toEqual([
      ['a', 'b, "c"', 'd'],
      ['1', 'two\nlines', ''],
    ])
  })

  it('takes LF and CR LF in one file, and a last line without an end', () => {
    expect(fieldsOf('a,b\r\nc,d\n"e",f\r\ng,"h"')).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f'],
      ['g', 'h'],
    ])
  })

  it('says in which line of the file a record begins, also after blank lines and fields of several lines', () => {
    const { records } = split(['a\n\n"b\nb"\nc\n'])
    expect(records.map(({ line }) => line)).toEqual([1, 3, 5])
  })

  it('goes on after a broken line', () => {
    const { records, broken } = split(['a,b\n1,x"y\n2,"z"z\n3,ok\n'])
    expect(broken.map(({ line }) => line)).toEqual([2, 3])
    expect(records.at(-1)).toEqual({ fields: ['3', 'ok'], line: 4 })
  })

  it('does not let a quote that is never closed swallow the rest of the file', () => {
    const { records, broken } = split(['a,b\n1,"open\n2,fine\n3,fine\n'])
    expect(broken).toEqual([{ line: 2, message: 'a quote is opened and never closed' }])
    expect(records.map(({ line }) => line)).toEqual([1, 3, 4])
  })

  it('gives up a quote that is open for more than a million characters, with bounded memory', () => {
    const line = `${'x'.repeat(99)}\n`
    const pieces = ['a\n"open\n', ...Array.from({ length: 300 }, () => line.repeat(100))]
    const { records, broken } = split(pieces)
    expect(broken.map((one) => one.line)).toEqual([2])
    expect(records).toHaveLength(1 + 30_000)
  })

  it('reads what another parser reads, however the text is cut into pieces', () => {
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
          const pieces: string[] = []
          let rest = text
          for (const cut of cuts) {
            pieces.push(rest.slice(0, cut))
            rest = rest.slice(cut)
          }
          const ours = split([...pieces, rest])
          const theirs = parse(text, { relax_column_count: true, skip_empty_lines: true })
          expect(ours.broken).toEqual([])
          expect(ours.records.map(({ fields }) => fields)).toEqual(theirs)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('splitting a tab file', () => {
  it('leaves quotes alone', () => {
    const { records, broken } = split(['a\tb\n5" tube\t"x\n'], '\t', false)
    expect(broken).toEqual([])
    expect(records[1]?.fields).toEqual(['5" tube', '"x'])
  })
})
