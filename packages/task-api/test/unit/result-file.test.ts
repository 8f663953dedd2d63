import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  METADATA_BCOS,
  ResultFormatError,
  encodeMetadata,
  fileText,
  resultFile,
} from '../../src/index.ts'

const plain = { name: 'x', description: null, sensitive: true }

const file = (file_data: string) => ({ ...resultFile({ ...plain, text: '' }), file_data })

describe('resultFile', () => {
  it('gives the size in bytes of text, or in thousands of base64 characters', () => {
    const metadata = encodeMetadata({
      biobank: 'test_collection',
      protocol: 'Bunny',
      os: '',
      bclink: '1.8.1',
      dataModel: 'OMOP',
      rounding: 0,
      threshold: 0,
    })
    const content = { ...plain, name: METADATA_BCOS, text: metadata }
    expect(resultFile(content).file_size).toBe(93)
    expect(resultFile({ ...content, size: 'encoded-kb' }).file_size).toBe(0.124)
    expect(resultFile({ ...content, size: 'encoded-kb', encode: false })).toMatchObject({
      file_size: 0.093,
      file_data: metadata,
    })
  })

  it('sets the members that every receiver expects', () => {
    expect(resultFile({ ...plain, text: 'é', description: 'Result' })).toEqual({
      file_name: 'x',
      file_data: 'w6k=',
      file_description: 'Result',
      file_reference: '',
      file_sensitive: true,
      file_size: 2,
      file_type: 'BCOS',
    })
  })
})

describe('encodeMetadata', () => {
  it('writes a header and a row without a final newline', () => {
    const metadata = encodeMetadata({
      biobank: 'c\t1',
      protocol: 'Bunny',
      os: '',
      bclink: '0.1.0',
      dataModel: 'OMOP',
      rounding: 10,
      threshold: 5,
    })
    expect(metadata).toBe(
      'BIOBANK\tPROTOCOL\tOS\tBCLINK\tDATAMODEL\tROUNDING\tTHRESHOLD\nc 1\tBunny\t\t0.1.0\tOMOP\t10\t5',
    )
  })
})

describe('fileText', () => {
  it('returns the original text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.startsWith('\uFEFF'))
        expect(fileText(resultFile({ ...plain, text }))).toBe(text)
      }),
    )
  })

  it('allows line breaks in the base64', () => {
    expect(fileText(file('aGVs\r\nbG8=\n'))).toBe('hello')
  })

  it.each(['a', 'aGVsbG8', 'aGVs*bG8=', 'aGVsbG8=x', '-_-_', 'QQ=Q'])(
    'rejects %j as base64',
    (data) => {
      expect(() => fileText(file(data))).toThrow(ResultFormatError)
    },
  )

  it('rejects bytes that are not UTF-8', () => {
    expect(() => fileText(file(Buffer.from([0xc3, 0x28]).toString('base64')))).toThrow(/UTF-8/)
  })

  it('returns a text or throws a ResultFormatError for any data', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (data) => {
        try {
          expect(typeof fileText(file(data))).toBe('string')
        } catch (error: unknown) {
          expect(error).toBeInstanceOf(ResultFormatError)
        }
      }),
    )
  })
})
