import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  distributionResult,
  fileText,
  parseJsonWithBytes,
  parseResult,
  parseResultBytes,
  resultFile,
  resultFileOfPieces,
  serializeResult,
  serializeResultBytes,
  type TaskResult,
} from '../../src/index.ts'

const address = { uuid: 'u', collection: 'c' }

function large(text: string, name = 'f'): TaskResult {
  const file = resultFile({ name, text, description: null, sensitive: true })
  return distributionResult(address, 1, [file])
}

describe('a result that is read from bytes', () => {
  it('is the same as one that is read from text, and its large data stay where they are', () => {
    const text = 'CODE\tCOUNT\n'.repeat(20_000)
    const json = serializeResult(large(text))
    const bytes = Buffer.from(new ArrayBuffer(json.length))
    bytes.write(json)
    const result = parseResultBytes(bytes)
    const [file] = result.queryResult.files
    expect(file?.file_data).toBeInstanceOf(Buffer)
    expect(Buffer.isBuffer(file?.file_data) && file.file_data.buffer).toBe(bytes.buffer)
    expect(fileText(file!)).toBe(text)
    const expected = parseResult(JSON.parse(json))
    const files = result.queryResult.files.map((one) => ({
      ...one,
      file_data: one.file_data.toString(),
    }))
    expect({ ...result, queryResult: { ...result.queryResult, files } }).toEqual(expected)
  })

  it('reads data with escape sequences, as some JSON libraries write them', () => {
    const text = '?>~'.repeat(60_000)
    for (const plus of [String.raw`\u002B`, '+']) {
      for (const slash of [String.raw`\/`, '/']) {
        const json = serializeResult(large(text)).replaceAll('+', plus).replaceAll('/', slash)
        const [file] = parseResultBytes(Buffer.from(json)).queryResult.files
        expect(fileText(file!)).toBe(text)
      }
    }
  })

  it('has texts for everything but data, however long they are', () => {
    const long = 'é'.repeat(100_000)
    const result = { ...large('text', long), message: long, status: long }
    expect(parseResultBytes(Buffer.from(serializeResult(result)))).toEqual(result)
  })

  it('rejects what is not JSON', () => {
    for (const text of ['', '{', `{"a":"${'\\'.repeat(100_001)}"}`, `["${'\n'.repeat(70_000)}"]`]) {
      expect(() => parseResultBytes(Buffer.from(text))).toThrow(SyntaxError)
    }
  })
})

describe('long texts as bytes', () => {
  it('are those of JSON.parse, with escapes and characters at any place', () => {
    const character = fc.constantFrom(
      'A',
      '\\\\',
      '\\"',
      '\\n',
      '\\u00e9',
      '\\ud83d\\ude00',
      '\\ud83d',
      'é',
      '漢',
      '😀',
    )
    fc.assert(
      fc.property(
        fc.array(character, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 65_520, max: 65_560 }),
        (pattern, before) => {
          const json = `["${'A'.repeat(before)}${pattern.join('').repeat(12_000)}"]`
          const [expected]: string[] = JSON.parse(json)
          const { value, bytesOf } = parseJsonWithBytes(Buffer.from(json))
          const [placeholder]: unknown[] = Array.isArray(value) ? value : []
          const text = bytesOf(String(placeholder))?.toString()
          expect(text === expected?.toWellFormed()).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('are not mixed up with texts that look like a placeholder', () => {
    const { value, bytesOf } = parseJsonWithBytes(Buffer.from(`["${'A'.repeat(70_000)}"]`))
    const [placeholder]: unknown[] = Array.isArray(value) ? value : []
    expect(bytesOf(`${String(placeholder)}1`)).toBeUndefined()
    expect(bytesOf('0')).toBeUndefined()
  })
})

describe('a result that is written as bytes', () => {
  it('is the same as one that is written as text', () => {
    const content = { name: 'f', description: 'é', sensitive: true }
    for (const pieces of [
      [],
      ['x'],
      Array.from({ length: 3_000 }, (_, index) => `line ${index}\n`),
    ]) {
      const text = resultFile({ ...content, text: pieces.join('') })
      const bytes = resultFileOfPieces(content, pieces)
      const files = [text, bytes, bytes]
      expect(serializeResultBytes(distributionResult(address, 1, files)).toString()).toBe(
        serializeResult(distributionResult(address, 1, [text, text, text])),
      )
    }
  })
})
