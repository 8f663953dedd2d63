import { Readable } from 'node:stream'
import { ProgramError } from '@warren/runtime'
import { describe, expect, it } from 'vitest'
import { readBatch, type BatchLine } from '../../src/cli/batch.ts'

async function linesOf(text: string): Promise<BatchLine[]> {
  return Array.fromAsync(readBatch('-', Readable.from([text])))
}

describe('batch of questions', () => {
  it('reads a query and its modifiers from each line', async () => {
    const lines = await linesOf(
      '{"query":{"uuid":"a"},"modifiers":[]}\n{"query":{"uuid":"b"}}\r\n\n{"query":1,"modifiers":null}',
    )
    expect(lines).toEqual([
      { number: 1, query: { uuid: 'a' }, modifiers: [] },
      { number: 2, query: { uuid: 'b' } },
      { number: 4, query: 1 },
    ])
  })

  it('puts a problem in the place of a line that cannot be read', async () => {
    const lines = await linesOf('{"query":{}}\nnot json\n[]\n{"quary":{}}\n{"query":{}}\n')
    expect(lines.map((line) => ('problem' in line ? line.problem : 'ok'))).toEqual([
      'ok',
      expect.stringContaining('not JSON'),
      'expected an object with the member "query"',
      'expected an object with the member "query"',
      'ok',
    ])
  })

  it('says which file is not there', async () => {
    const reading = Array.fromAsync(readBatch('/no/such/file.jsonl', Readable.from([])))
    await expect(reading).rejects.toThrow(ProgramError)
    await expect(
      Array.fromAsync(readBatch('/no/such/file.jsonl', Readable.from([]))),
    ).rejects.toThrow('/no/such/file.jsonl')
  })
})
