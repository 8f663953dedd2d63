import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type FormatProblem,
  ResultFormatError,
  type TaskResult,
  countResult,
  distributionResult,
  errorResult,
  isFailure,
  parseResult,
  resultFile,
  serializeResult,
} from '../../src/index.ts'

function problemsOf(json: unknown): readonly FormatProblem[] {
  try {
    parseResult(json)
  } catch (error: unknown) {
    if (error instanceof ResultFormatError) return error.problems
    throw error
  }
  return []
}

const TASK = { uuid: 'task-1', collection: 'collection_id' }

describe('serializeResult', () => {
  it('writes a count with its members in the expected order', () => {
    expect(serializeResult(countResult(TASK, 570))).toBe(
      '{"uuid":"task-1","status":"ok","collection_id":"collection_id","message":"","protocolVersion":"v2","queryResult":{"count":570,"datasetCount":0,"files":[]}}',
    )
  })

  it('writes a failure with its reason', () => {
    expect(serializeResult(errorResult({ uuid: 'u', collection: 'c' }, 'why'))).toBe(
      '{"uuid":"u","status":"error","collection_id":"c","message":"why","protocolVersion":"v2","queryResult":{"count":0,"datasetCount":0,"files":[]}}',
    )
  })

  it('writes files with only the known members, in order', () => {
    const file = resultFile({
      name: 'demographics.distribution',
      text: 'x',
      description: 'Result of code.distribution analysis',
      sensitive: true,
      size: 'encoded-kb',
    })
    const { file_name, file_data, ...rest } = file
    const shuffled = { extra: 1, ...rest, file_data, file_name }
    expect(serializeResult(distributionResult(TASK, 2, [shuffled]))).toBe(
      '{"uuid":"task-1","status":"ok","collection_id":"collection_id","message":"","protocolVersion":"v2","queryResult":{"count":2,"datasetCount":1,"files":[{"file_name":"demographics.distribution","file_data":"eA==","file_description":"Result of code.distribution analysis","file_reference":"","file_sensitive":true,"file_size":0.004,"file_type":"BCOS"}]}}',
    )
  })

  it.each([-1, 0.5, Number.NaN])('rejects %d people', (count) => {
    expect(() => countResult(TASK, count)).toThrow(RangeError)
  })
})

describe('parseResult', () => {
  it('reads a result of a relay', () => {
    const json = {
      status: '',
      protocolVersion: 'v2',
      collection_id: 'RQ-CC-EXAMPLE',
      uuid: '0f7d7a52',
      queryResult: { count: 120, datasetCount: 0, files: [] },
      message: null,
    }
    expect(parseResult(json)).toEqual(json)
  })

  it('accepts names in any case, numbers as texts and unknown members', () => {
    expect(
      parseResult({
        UUID: 'u',
        Status: 'OK',
        collection_ID: 7,
        new: true,
        queryresult: {
          COUNT: '44',
          datasetcount: '1',
          Files: [{ File_Name: 'f', file_size: '0.928', FILE_SENSITIVE: 'false' }],
        },
      }),
    ).toEqual({
      uuid: 'u',
      status: 'OK',
      collection_id: '7',
      message: null,
      protocolVersion: 'v2',
      queryResult: {
        count: 44,
        datasetCount: 1,
        files: [
          {
            file_name: 'f',
            file_data: '',
            file_description: null,
            file_reference: '',
            file_sensitive: false,
            file_size: 0.928,
            file_type: 'BCOS',
          },
        ],
      },
    })
  })

  it('prefers the exact spelling of a name', () => {
    expect(parseResult({ UUID: 'b', uuid: 'a', queryResult: { count: 1 } }).uuid).toBe('a')
  })

  it('uses defaults for absent and null members', () => {
    expect(
      parseResult({ uuid: null, status: null, queryResult: { count: 0, files: null } }),
    ).toEqual({
      uuid: '',
      status: '',
      collection_id: '',
      message: null,
      protocolVersion: 'v2',
      queryResult: { count: 0, datasetCount: 0, files: [] },
    })
  })

  it('requires a count of a success', () => {
    for (const queryResult of [undefined, null, {}, { count: null }, { count: '' }]) {
      expect(() => parseResult({ status: 'ok', queryResult })).toThrow(
        'queryResult.count: is missing',
      )
      expect(parseResult({ status: 'failed', queryResult }).queryResult.count).toBe(0)
    }
  })

  it('reports every problem with its path', () => {
    const json = {
      uuid: {},
      message: [],
      queryResult: {
        count: 1,
        datasetCount: 'x',
        files: [{}, { file_name: [], file_size: -1, file_sensitive: 'perhaps' }, 7],
      },
    }
    expect(problemsOf(json).map(({ path }) => path)).toEqual([
      'uuid',
      'message',
      'queryResult.datasetCount',
      'queryResult.files[1].file_name',
      'queryResult.files[1].file_sensitive',
      'queryResult.files[1].file_size',
      'queryResult.files[2]',
    ])
  })

  it.each([1.5, -1, 'many', true, [], 1e300])('rejects the count %j of a success', (count) => {
    expect(() => parseResult({ queryResult: { count } })).toThrow(ResultFormatError)
    expect(parseResult({ status: 'error', queryResult: { count } }).queryResult.count).toBe(0)
  })

  it('reads any result as it was written', () => {
    const file = fc.record({
      file_name: fc.string(),
      file_data: fc.base64String(),
      file_description: fc.option(fc.string()),
      file_reference: fc.string(),
      file_sensitive: fc.boolean(),
      file_size: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
      file_type: fc.string().filter((text) => text.trim() !== ''),
    })
    const result: fc.Arbitrary<TaskResult> = fc.record({
      uuid: fc.string({ unit: 'grapheme' }),
      status: fc.string(),
      collection_id: fc.string(),
      message: fc.option(fc.string({ unit: 'grapheme' })),
      protocolVersion: fc.string().filter((text) => text.trim() !== ''),
      queryResult: fc.record({
        count: fc.maxSafeNat(),
        datasetCount: fc.nat(),
        files: fc.array(file, { maxLength: 3 }),
      }),
    })
    fc.assert(
      fc.property(result, (value) => {
        expect(parseResult(JSON.parse(serializeResult(value)))).toEqual(value)
      }),
    )
  })

  it('returns a result or throws a ResultFormatError for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        for (const candidate of [
          json,
          { queryResult: json },
          { queryResult: { count: 1, files: json } },
        ]) {
          try {
            expect(parseResult(candidate).queryResult.count).toBeGreaterThanOrEqual(0)
          } catch (error: unknown) {
            expect(error).toBeInstanceOf(ResultFormatError)
          }
        }
      }),
    )
  })
})

describe('isFailure', () => {
  it.each([
    ['error', true],
    ['ERROR', true],
    ['failed', true],
    [' Failed ', true],
    ['', false],
    ['ok', false],
    ['OK', false],
  ])('for status %j is %s', (status, expected) => {
    expect(isFailure({ ...countResult(TASK, 0), status })).toBe(expected)
  })
})
